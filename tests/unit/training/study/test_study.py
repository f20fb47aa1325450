import re
from dataclasses import replace

import numpy as np
import pytest

from service.imaging import codecs
from tests.unit.training.tiny import TINY
from training import study
from training.cli import study as command_of_study
from training.config import validated
from training.evaluate import protocol
from training.evaluate.protocol import Protocol
from training.runs.folder import RunError
from training.study import plans
from training.study.run import slug

PLAN = study.Study(
    "Two losses",
    "a paper",
    {
        name: replace(TINY, validation_share=0.25, measure_every_nimg=160, loss=name)
        for name in ("minimax", "non-saturating")
    },
    ("frechet_distance", "coverage"),
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def outcomes(digits_folder, runs):
    with pytest.MonkeyPatch.context() as patch:
        few = Protocol(class_samples=256, sliced_images=256, memorised_images=256, selection_samples=64)
        patch.setattr(protocol, "STANDARD", replace(few, min_snapshot_steps=1))
        return list(study.run("losses", PLAN, digits_folder, runs, "cpu"))


def test_a_study_is_trained_measured_and_written(outcomes, tmp_path):
    page = study.write("losses", PLAN, outcomes, tmp_path / "docs")
    text = page.read_text()
    for outcome in outcomes:
        values = {item["name"]: item["value"] for item in outcome.metrics}
        assert f"| {outcome.label} | {values['frechet_distance']:.4g} | {values['coverage']:.4g} |" in text
    shown = re.findall(r"\]\(([^)]+)\)", text)
    assert {name.rpartition(".")[2] for name in shown} == {"svg", "webp"}
    for name in shown:
        raw = (page.parent / name).read_bytes()
        assert raw.startswith(b"<svg xmlns") if name.endswith("svg") else codecs.decode(raw, max_pixels=10**6).ndim == 3
    assert "non-saturating" in (page.parent / "losses-1.svg").read_text()


def test_what_is_finished_is_not_done_again(outcomes, digits_folder, runs):
    kept = {path: path.stat().st_mtime_ns for path in runs.rglob("*.pt")}
    again = list(study.run("losses", PLAN, digits_folder, runs, "cpu"))
    assert [outcome.metrics for outcome in again] == [outcome.metrics for outcome in outcomes]
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.pt")} == kept


def test_a_run_of_another_configuration_is_refused(outcomes, digits_folder, runs):
    other = replace(PLAN, runs={name: replace(config, seed=5) for name, config in PLAN.runs.items()})
    with pytest.raises(RunError, match="another configuration"):
        list(study.run("losses", other, digits_folder, runs, "cpu"))


@pytest.mark.parametrize("name", study.STUDIES)
def test_the_runs_of_a_study_are_valid_and_differ_in_one_thing_only(name):
    runs = study.STUDIES[name].runs
    assert all(validated(config) == config for config in runs.values())
    assert len({(config.dataset, config.seed) for config in runs.values()}) == 1
    assert name == "epochs" or len({config.total_nimg for config in runs.values()}) == 1
    assert len(set(map(str, runs.values()))) == len(runs)


def test_the_command_line_knows_every_study():
    assert set(command_of_study.__annotations__["name"].__args__[0].__args__) == set(plans.STUDIES)


def test_labels_become_names_of_files():
    assert slug("GAN + forward cycle") == "gan-forward-cycle"
    assert np.unique([slug(label) for plan in study.STUDIES.values() for label in plan.runs]).size > 10
