"""The page of a run: it parses, asks for nothing, and has each section that the run gives."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.unit.training.tiny import CYCLEGAN, DCGAN, PIX2PIX, WGAN_GP
from training import report
from training.data import Sets
from training.evaluate import protocol, save_png
from training.report import charts, gather
from training.report.charts import Series

VOID = {"meta", "img", "link", "br", "line", "polyline", "polygon", "circle"}


class Page(HTMLParser):
    """Checks that tags nest, and collects what a browser would load or follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack, self.ids, self.sources, self.links, self.tags = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.sources += [given[name] for name in ("src", "srcset", "data", "poster") if name in given]
        self.links += [given["href"]] if "href" in given else []
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def read(path: Path) -> Page:
    """The page, after it was checked to be self-contained."""
    text = path.read_text()
    page = Page(text)
    assert all(source.startswith("data:image/webp;base64,") for source in page.sources)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    told = re.sub(r"data:image/webp;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"https?:|//|@import|url\(|<script|<link|<iframe", told)
    return page


@pytest.fixture
def write(start):
    """Trains a run of a configuration and writes its page."""

    def make(config):
        trainer = start(config)
        trainer.train()
        run = trainer._run
        return report.write(run, trainer.objective, Sets(run.config, run.data), "Of the last checkpoint."), run

    return make


def test_a_wgan_shows_its_estimate_beside_the_distance(write):
    path, _ = write(replace(WGAN_GP, total_nimg=320, snapshots=10))
    page = read(path)
    assert set(page.ids) == {
        *("alarms", "samples", "walks", "losses", "estimate", "metrics", "memory", "features", "speed"),
        "configuration",
    }
    assert "Spearman&#39;s rho" in path.read_text()
    assert page.tags.count("svg") == 6  # distance, penalty, three of the estimate, speed


def test_a_conditional_gan_has_walks_neighbours_and_features(write, monkeypatch):
    monkeypatch.setattr(protocol, "STANDARD", replace(protocol.STANDARD, compared_images=200))
    path, _ = write(replace(DCGAN, ema_decay=0.0))
    assert "its three nearest of 200" in path.read_text()
    page = read(path)
    assert {"walks", "memory", "features"} < set(page.ids)
    assert "estimate" not in page.ids


@pytest.mark.parametrize(("config", "last"), [(PIX2PIX, "truth"), (CYCLEGAN, "way back")], ids=["pix2pix", "cyclegan"])
def test_a_translator_shows_held_out_images(write, config, last):
    path, _ = write(config)
    page = read(path)
    assert "translations" in page.ids
    assert not {"walks", "memory", "features"} & set(page.ids)
    assert f"<span>{last}</span>" in path.read_text()


def test_metrics_come_with_floors_and_protocols_and_are_escaped(finished_run, command):
    kept = {"name": "some_metric", "value": 1.5, "protocol": "a <b> & c", "standard_error": 0.25, "floor": 0.5}
    finished_run.save_metrics(20, [kept | {"reference": "2.0 (someone)", "direction": ""}])
    said = command("report", finished_run.folder)
    assert said.code == 0
    path = finished_run.folder / "report.html"
    assert str(path) in said.out
    text = path.read_text()
    read(path)
    assert "1.5 ± 0.25" in text
    assert "a &lt;b&gt; &amp; c Published: 2.0 (someone)." in text
    assert "Measured after step 20, 640 images." in text
    assert "guided backpropagation shows convolutional features, but this network has none" in text
    (finished_run.folder / "evaluation.json").unlink()


def test_alarms_are_told_from_beginning_to_end(finished_run):
    lines = [
        {"step": 5, "nimg": 160, "subject": "collapse", "sentence": "all alike: do this", "over": False},
        {"step": 6, "nimg": 192, "subject": "inverted", "sentence": "negatives: do that", "over": False},
        {"step": 9, "nimg": 288, "subject": "collapse", "sentence": "all unlike", "over": True},
    ]
    path = finished_run.folder / "alarms.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    told = gather.gather(finished_run)
    path.unlink()
    assert told.alarms == [(6, "negatives: do that", None), (5, "all alike: do this", 9)]


def test_without_data_the_files_are_still_told(finished_run, command, tmp_path):
    said = command("report", finished_run.folder, "--data", tmp_path)
    assert said.code == 0
    assert "What needs the networks and the data is left out" in said.out
    page = read(finished_run.folder / "report.html")
    assert {"samples", "losses", "configuration"} < set(page.ids)
    assert "walks" not in page.ids


def test_a_folder_without_a_run_is_refused(command, tmp_path):
    said = command("report", tmp_path)
    assert said.code == 1
    assert "holds no run" in said.error


def test_the_timeline_shows_the_first_and_the_last_of_many_grids(tmp_path):
    (tmp_path / "samples").mkdir()
    for nimg in range(0, 40_000, 1_000):
        save_png(np.zeros((8, 8, 1), np.uint8), tmp_path / "samples" / f"{nimg:09d}.png")
    save_png(np.zeros((8, 8, 1), np.uint8), tmp_path / "samples" / "evaluation.png")
    captions = [image.caption for image in report.images.timeline(tmp_path)]
    assert len(captions) <= 12
    assert (captions[0], captions[-1]) == ("0 images", "39,000 images")


def places(svg: str, tag: str) -> list[tuple[float, float]]:
    points = re.search(rf'<{tag} class="line s1" points="([^"]*)"', svg)
    return [tuple(map(float, point.split(","))) for point in points[1].split()]


def test_a_line_goes_up_where_values_do_and_stays_inside():
    chart = charts.lines("up", [Series("a", range(1, 2_001), [float(i) for i in range(1, 2_001)])], "steps")
    xs, ys = zip(*places(chart.svg, "polyline"), strict=True)
    assert list(xs) == sorted(xs)
    assert list(ys) == sorted(ys, reverse=True)
    assert min(xs) >= 0
    assert max(xs) <= 360
    assert chart.legend == (("s1", "a", "2000"),)


def test_one_outlier_does_not_flatten_a_chart():
    ys = [1.0 + 0.1 * (i % 2) for i in range(1_000)]
    ys[3] = 1e6
    chart = charts.lines("spike", [Series("a", range(1_000), ys)], "steps")
    assert "1M" not in chart.svg


def test_what_cannot_be_drawn_is_left_out():
    assert charts.lines("none", [Series("a", [1.0], [2.0])], "steps") is None
    chart = charts.lines("nan", [Series("a", [1, 2, 3, 4], [1.0, float("nan"), 3.0, 3.0])], "steps")
    assert len(places(chart.svg, "polyline")) == 3
    assert charts.lines("flat", [Series("a", [1, 2], [3.0, 3.0])], "steps") is not None
    assert charts.lines("log", [Series("a", [100, 150], [3.0, 4.0])], "steps", log_x=True) is not None


@pytest.mark.parametrize(
    ("value", "said"), [(1_234_567, "1.23M"), (45_000, "45k"), (1_234, "1234"), (0.03124, "0.0312"), (0, "0")]
)
def test_numbers_are_brief(value, said):
    assert charts.brief(value) == said
