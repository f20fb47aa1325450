"""Translators from images to packages, by the commands that people type."""

import json
import shutil

import numpy as np
import pytest

from tests import builders
from tests.unit.training.packaging.test_write import open_as_served
from tests.unit.training.test_command_line import refused
from tests.unit.training.tiny import CYCLEGAN_WORDS, PIX2PIX_WORDS
from training.evaluate import protocol
from training.evaluate.protocol import Protocol
from training.runs.folder import open_run

RECIPES = {
    "pix2pix": ("pix2pix-facades-small", "facades", PIX2PIX_WORDS),
    "cyclegan": ("cyclegan-monet-small", "monet2photo", CYCLEGAN_WORDS),
}


@pytest.fixture
def train(command, folders, tmp_path):
    """`train` of a tiny run."""

    def run(method, *words, data=None):
        recipe, dataset, tiny = RECIPES[method]
        return command("train", recipe, "--data", data or folders[dataset], "--out", tmp_path / "run", *tiny, *words)

    return run


@pytest.fixture(autouse=True)
def short_test(monkeypatch):
    """A two-sample test that learns for a moment only."""
    monkeypatch.setattr(protocol, "STANDARD", Protocol(two_sample_steps=3))


def test_pix2pix_from_pairs_to_a_package(train, command, tmp_path, folders):
    said = train("pix2pix")
    assert said.code == 0, said.error
    assert f"python -m training evaluate {tmp_path / 'run'}" in said.out
    config = open_run(tmp_path / "run").config
    assert (config.generator.depth, config.images.crop_px, config.direction) == (4, 16, "BtoA")
    assert command("resume", tmp_path / "run").code == 0
    assert command("evaluate", tmp_path / "run").code == 0
    kept = json.loads((tmp_path / "run" / "evaluation.json").read_text())["metrics"]
    assert {"l1", "psnr", "ssim", "gradient_ratio", "half_rate_ratio"} <= {metric["name"] for metric in kept}
    assert {metric["direction"] for metric in kept} == {"B2A"}
    assert all(np.isfinite(metric["value"]) for metric in kept)
    said = command("export", tmp_path / "run", "--name", "facades", "--models", tmp_path / "models")
    assert said.code == 0, said.error
    package = tmp_path / "models" / "facades" / "1"
    about = open_as_served(package).manifest
    values = {metric["name"]: metric["value"] for metric in kept}
    assert {metric.name: metric.value for metric in about.metrics} == pytest.approx(values)
    again = command("evaluate", package, "--data", folders["facades"])
    assert again.code == 0, again.error


def test_cyclegan_from_two_folders_to_two_packages(train, command, tmp_path, folders):
    assert train("cyclegan").code == 0
    assert command("evaluate", tmp_path / "run").code == 0
    kept = json.loads((tmp_path / "run" / "evaluation.json").read_text())["metrics"]
    for direction in ("A2B", "B2A"):
        names = {metric["name"] for metric in kept if metric["direction"] == direction}
        assert {"change", "structure", "two_sample_accuracy", "cycle_error", "gradient_ratio"} <= names
    words = ("export", tmp_path / "run", "--models", tmp_path / "models", "--name", "monet")
    refused(command(*words), "give --inverse, the name of the one that leads from B to A")
    refused(command(*words, "--inverse", "monet"), "are both monet")
    assert not (tmp_path / "models").exists()
    said = command(*words, "--inverse", "photo")
    assert said.code == 0, said.error
    there, back = (tmp_path / "models" / name / "1" for name in ("monet", "photo"))
    for package, inverse, direction in ((there, "photo", "A2B"), (back, "monet", "B2A")):
        about = open_as_served(package).manifest
        assert about.translation.inverse == inverse
        expected = {metric["name"]: metric["value"] for metric in kept if metric["direction"] == direction}
        assert {metric.name: metric.value for metric in about.metrics} == pytest.approx(expected)
    assert command("evaluate", there, "--data", folders["monet2photo"]).code == 0
    shutil.rmtree(back)
    refused(command("evaluate", there, "--data", folders["monet2photo"]), "holds no package")


def test_an_inverse_for_a_method_of_one_direction_is_one_sentence(train, command, tmp_path):
    assert train("pix2pix").code == 0
    words = ("--models", tmp_path / "models", "--name", "there", "--inverse", "back")
    refused(command("export", tmp_path / "run", *words), "learns one direction only: leave it out")


@pytest.mark.parametrize(
    ("method", "words", "said"),
    [
        ("pix2pix", ("--images.crop-px", "32"), "crop_px is 32, but images are read at load_px 18: give less"),
        ("pix2pix", ("--images.crop-px", "8"), "images.crop_px is 8, but must be a multiple of 16"),
        ("cyclegan", ("--discriminator.layers", "3"), "images.crop_px is 16, but the networks need at least 24"),
        ("pix2pix", ("--pictures.crop-px", "8"), "the option --pictures.crop-px is now called --images.crop-px"),
        ("pix2pix", ("--pictures.load_px=8",), "the option --pictures.load-px is now called --images.load-px"),
        ("pix2pix", ("--dataset", "pictures"), "--dataset pictures is now called --dataset images"),
        ("cyclegan", ("--batch-size", "7"), "the batch size is 7, but the data set holds 6 images of A"),
    ],
)
def test_words_that_do_not_fit_each_other_are_one_sentence(train, tmp_path, method, words, said):
    refused(train(method, *words), said)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan"])
def test_data_of_another_layout_is_one_sentence(train, folders, tmp_path, method):
    other = folders["monet2photo" if method == "pix2pix" else "facades"]
    refused(train(method, data=other), other, "not paired" if method == "pix2pix" else "no folder trainA")
    assert not (tmp_path / "run").exists()


def test_images_without_a_test_set_are_trained_on_but_not_measured(train, command, tmp_path):
    data = builders.write_images(tmp_path / "own", *(f"train/{index}.png" for index in range(4)), width=40, height=20)
    assert train("pix2pix", "--dataset", "pairs", data=data).code == 0
    refused(command("evaluate", tmp_path / "run"), "no folder test with images")


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan"])
def test_a_checkpoint_of_another_recipe_is_one_sentence(train, command, tmp_path, method):
    assert train(method).code == 0
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text())
    config["discriminator"]["ndf"] = 5
    path.write_text(json.dumps(config))
    refused(command("resume", tmp_path / "run"), "the checkpoint does not fit the run's networks")
