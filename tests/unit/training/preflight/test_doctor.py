"""What `doctor` says of data that suits a recipe, and of data that does not."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from PIL import Image

from tests.unit.training.tiny import CYCLEGAN, DCGAN, TINY, WGAN
from training.config import ConvDiscriminator, ConvGenerator, DcganConfig, ImageInput
from training.config.recipes import RECIPES, hours
from training.data import ImageSet, PairSet
from training.objectives.cyclegan import Cyclegan
from training.preflight import doctor, step_timing
from training.runs import devices
from training.runs.folder import Run

FACES = DcganConfig(
    dataset="images",
    images=ImageInput(load_px=16, crop_px=16),
    total_nimg=640,
    batch_size=4,
    precision="32-true",
    generator=ConvGenerator(z_dim=4, widths=(4, 4)),
    discriminator=ConvDiscriminator(widths=(4, 4)),
    validation_share=0.25,
)


@pytest.fixture
def images_folder(tmp_path):
    """Eight images in train, of two modes and sizes, and one file that is none."""
    folder = tmp_path / "images"
    (folder / "train").mkdir(parents=True)
    for index in range(8):
        kind, side = ("L", 12) if index == 0 else ("RGB", 20)
        Image.new(kind, (side, side), 30 * index if kind == "L" else (30 * index, 0, 0)).save(
            folder / "train" / f"{index}.png"
        )
    (folder / "train" / "9.png").write_bytes(b"no image")
    return folder


def examine(config, folder, out=None):
    return doctor.examine(Run(folder, "test", config, folder), "cpu", out, budget_s=0.05)


def test_a_healthy_set_is_described(tmp_path, digits_folder):
    found = examine(TINY, digits_folder, tmp_path / "new" / "run")
    lines = dict(found.lines)
    assert found.problems == []
    assert lines["train"] == "256 images, read as 28 x 28 px, grey"
    assert lines["validation"] == "none"
    assert lines["parameters"].startswith("generator 0.01 M, discriminator")
    assert "images/s; a step" in lines["speed"]
    assert "640 images" in lines["time"]
    assert lines["disk"].endswith(f"free for {tmp_path / 'new' / 'run'}")
    assert all(len(line) > 12 and line[11] == " " for line in found.text().splitlines())


def test_files_that_are_left_out_enlarged_or_missing_are_named(images_folder):
    found = examine(FACES, images_folder)
    lines, said = dict(found.lines), " ".join(found.warnings)
    assert found.problems == []
    assert lines["train"] == "7 images, read as 16 x 16 px, RGB"
    assert "9 images; of 9 looked at: 2 sizes, 12 x 12 px ... 20 x 20 px; modes RGB 7, L 1" in lines["files"]
    assert "9.png (not an image that can be read)" in said
    assert "1 of 7 training images are smaller than the crop of 16 px" in said
    assert "`evaluate` will find no test images" in said
    assert "there is no classifier of images" in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"batch_size": 64}, "the batch size is 64"),
        ({"validation_share": 0.0, "measure_every_nimg": 64}, "nothing is held out to measure on"),
        ({"images": ImageInput(load_px=18, crop_px=18)}, "cannot be halved"),
    ],
)
def test_what_cannot_be_trained_is_said_before_it_is_tried(images_folder, change, said):
    assert said in " ".join(examine(replace(FACES, **change), images_folder).problems)


def test_a_disk_without_room_and_a_run_that_is_there_are_problems(monkeypatch, tmp_path, digits_folder):
    monkeypatch.setattr(doctor, "_free_bytes", lambda out: 1_000)
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    there, full = examine(TINY, digits_folder, tmp_path).problems
    assert "holds a run already" in there
    assert "has 0.0 MiB left, but checkpoints need" in full


def test_a_published_size_without_a_gpu_leads_to_the_small_recipe(monkeypatch, digits_folder):
    slow = step_timing.Timing(100.0, 1.0, 1, 1, None, {"generator": 1})
    monkeypatch.setattr(step_timing, "measure", lambda *_: slow)
    run = Run(digits_folder, "gan-mnist", replace(TINY, total_nimg=10_000_000), digits_folder)
    said = " ".join(doctor.examine(run, "cpu").warnings)
    assert "without a GPU the run takes 115.7 days: take gan-mnist-small, which takes" in said


@pytest.mark.parametrize(("has_bf16", "count"), [(True, 0), (False, 1)])
def test_missing_bf16_is_said(monkeypatch, fabric, has_bf16, count):
    monkeypatch.setattr(devices, "computes_bf16", lambda on_gpu: has_bf16)
    assert len(doctor._device_warnings(TINY, fabric)) == count


def test_the_command_ends_with_1_when_there_is_a_problem(command, digits_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(step_timing, "measure", partial(_quickly, step_timing.measure))
    small = ("--generator.hidden", "16", "--discriminator.hidden", "16", "--accelerator", "cpu")
    good = command("doctor", "gan-mnist-small", "--data", digits_folder, *small)
    assert good.code == 0
    words = f"train gan-mnist-small --data {digits_folder} {' '.join(small)}"
    assert f"verdict     can be trained: `python -m training {words} --out RUN`" in good.out
    bad = command("doctor", "gan-mnist-small", "--data", tmp_path, *small)
    assert bad.code == 1
    assert "problem" in bad.out
    assert "verdict" not in bad.out


def test_samples_that_cannot_be_drawn_are_a_problem(monkeypatch, digits_folder):
    def fail(*_):
        raise ValueError("all the input array dimensions must match")

    monkeypatch.setattr(doctor.evaluate, "sample_grid", fail)
    assert examine(TINY, digits_folder).problems == [
        "the first samples cannot be generated: all the input array dimensions must match"
    ]


def _quickly(measure, config, data, fabric, budget_s):
    return measure(config, data, fabric, 0.05)


def test_wgan_is_timed_past_its_start_and_over_whole_periods(train_set, fabric, monkeypatch):
    assert step_timing.period_of(WGAN) == 3
    assert step_timing.period_of(DCGAN) == 1
    assert step_timing.period_of(replace(DCGAN, r1_gamma=1.0)) == 16
    assert step_timing._typical([1.0, 1.0, 4.0] * 3 + [9.0], 3) == pytest.approx(2.0)
    assert step_timing._typical([1.0, 5.0], 3) == 3.0
    measured = step_timing.measure(WGAN, train_set, fabric, 0.02)
    assert measured.images_per_s == pytest.approx(32 / measured.step_s)
    assert measured.state_bytes > 4 * sum(measured.parameters.values())


def test_small_crops_are_timed_for_their_share_of_a_run(fabric, monkeypatch):
    config = replace(CYCLEGAN, early_crop_px=8, early_share=0.75, pool_size=0)
    pairs = PairSet(*(ImageSet(torch.zeros(4, 3, 18, 18, dtype=torch.uint8), torch.zeros(4).long()) for _ in range(2)))
    sides, translate = [], Cyclegan._translate
    monkeypatch.setattr(
        Cyclegan, "_translate", lambda self, batch: sides.append(batch.real_A.shape[2]) or translate(self, batch)
    )
    monkeypatch.setattr(step_timing, "timed", lambda work, device: work() and float(sides[-1]))
    measured = step_timing.measure(config, pairs, fabric, 1.0)
    assert measured.step_s == pytest.approx(0.75 * 8.0 + 0.25 * 16.0)


@pytest.mark.parametrize("recipe", [name for name in RECIPES if name.endswith("-small")])
def test_small_recipes_take_less_than_40_minutes_on_two_cores(recipe):
    entry = RECIPES[recipe]
    limit_min = 90 if recipe.startswith("cyclegan") else 40
    assert 60.0 * hours(entry.config, entry.images_per_s) < limit_min


def test_memory_that_is_not_enough_is_a_problem(monkeypatch, digits_folder):
    def fail(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(step_timing, "measure", fail)
    assert "give less than --batch-size 32" in examine(TINY, digits_folder).problems[0]
