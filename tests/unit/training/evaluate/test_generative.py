import json
from dataclasses import replace

import numpy as np
import pytest

from service.pipelines import latents
from tests import builders
from training import classifiers, data, evaluate
from training.config import ConvGenerator, DcganConfig
from training.evaluate import protocol
from training.evaluate.protocol import Protocol

SMALL = Protocol(class_samples=300, samples=300, nearest_samples=300)
DIGITS = {seed: (builders.digits(400, seed)[0][:, None] / np.float32(127.5) - 1).astype(np.float32) for seed in (3, 4)}


@pytest.fixture
def measure(classifier, digits_folder):
    """The metrics of samples, by name."""
    train_set, test_set = (data.load_idx(digits_folder, split, "mnist") for split in ("train", "test"))

    def by_name(samples):
        return {
            item.name: item for item in evaluate.evaluate(samples, train_set, test_set, classifier, train_set.head(0))
        }

    return by_name


def test_real_images_reach_what_real_data_gets(measure):
    found = measure(DIGITS[3])
    parzen, coverage = found["parzen_log_likelihood"], found["coverage"]
    assert parzen.value == pytest.approx(parzen.floor, rel=0.05)
    assert parzen.reference.startswith("225")
    assert parzen.standard_error > 0
    assert coverage.value > 0.9
    assert coverage.floor > 0.9
    assert found["rarest_class_share"].value == pytest.approx(0.1, abs=0.02)
    assert found["classifier_confidence"].value > 0.9


@pytest.mark.parametrize(
    "spoil",
    [
        lambda images: np.random.default_rng(0).uniform(-1, 1, images.shape).astype(np.float32),
        lambda images: np.repeat(images[:1], len(images), axis=0),
    ],
    ids=["noise", "one image"],
)
def test_spoilt_images_are_worse_by_every_metric_that_can_see_it(measure, spoil):
    real, spoilt = measure(DIGITS[3]), measure(spoil(DIGITS[3]))
    for name in ("parzen_log_likelihood", "coverage", "rarest_class_share"):
        assert spoilt[name].value < real[name].value, name


def test_the_protocols_name_the_classifier_and_the_number_of_samples(measure, classifier):
    found = measure(DIGITS[3])
    assert all("400 samples" in found[name].protocol for name in ("parzen_log_likelihood", "rarest_class_share"))
    assert classifier.digest[:12] in found["coverage"].protocol


def test_samples_are_the_images_of_the_seeds_in_order():
    seen = []

    def sampler(rows):
        seen.append(len(rows["latents"]))
        return np.stack((rows["latents"][:, 0], rows["classes"].argmax(axis=1)), axis=1).reshape(-1, 2, 1, 1)

    config = DcganConfig(dataset="mnist", total_nimg=1, generator=ConvGenerator(z_dim=3), latent_distribution="uniform")
    drawn = evaluate.generate_images(sampler, evaluate.seed_rows(config, 10, 1_100))
    assert seen == [500, 500, 100]
    assert drawn[:, 0, 0, 0].tolist() == [float(latents.draw(seed, 3, "uniform")[0]) for seed in range(1_100)]
    assert drawn[:, 1, 0, 0].tolist() == [latents.draw_class(seed, 10) for seed in range(1_100)]


@pytest.fixture
def few_samples(monkeypatch, classifier):
    """300 samples in place of 10,000, read by the tests' own classifier."""
    monkeypatch.setattr(protocol, "STANDARD", SMALL)
    monkeypatch.setattr(classifiers, "find", lambda dataset: classifier)


def numbers(said):
    """The table's values by name."""
    rows = [line.split() for line in said.out.splitlines() if line[:1].isalpha()]
    return {row[0]: float(row[1]) for row in rows if row[0] != "metric"}


@pytest.mark.usefixtures("few_samples")
def test_a_package_is_measured_as_its_run_was(command, finished_run, digits_folder, tmp_path):
    of_run = command("evaluate", finished_run.folder)
    assert of_run.code == 0, of_run.error
    assert command("export", finished_run.folder, "--models", tmp_path, "--name", "digits").code == 0
    package = tmp_path / "digits" / "1"
    of_package = command("evaluate", package, "--data", digits_folder)
    assert of_package.code == 0, of_package.error
    assert set(numbers(of_run)) == {
        "parzen_log_likelihood",
        "rarest_class_share",
        "classifier_confidence",
        *("frechet_distance", "precision", "recall", "density", "coverage"),
        *("sliced_wasserstein", "memorised_share", "mean_distance"),
    }
    assert numbers(of_package) == pytest.approx(numbers(of_run), rel=2e-3, abs=0.01)
    kept = json.loads((package / "manifest.json").read_text())["metrics"]
    assert {metric["name"]: metric["value"] for metric in kept} == pytest.approx(numbers(of_run), rel=1e-3, abs=1e-3)
    assert (finished_run.folder / "samples" / "evaluation.png").exists()
    without_data = command("evaluate", package)
    assert without_data.code == 1
    assert without_data.error == "error: a package does not know where its data lies: give --data\n"
    # The package's own numbers go on the card of the next export.
    kept_before = (finished_run.folder / "evaluation.json").read_text()
    said = command("evaluate", package, "--data", digits_folder, "--save-to", finished_run.folder)
    assert said.code == 0
    kept = json.loads((finished_run.folder / "evaluation.json").read_text())["metrics"]
    assert {metric["name"]: metric["value"] for metric in kept} == pytest.approx(
        numbers(of_package), rel=1e-3, abs=1e-3
    )
    (finished_run.folder / "evaluation.json").write_text(kept_before)
    foreign = json.loads((package / "manifest.json").read_text())
    foreign["training"]["images_seen"] += 1
    (package / "manifest.json").write_text(json.dumps(foreign))
    of_another = command("evaluate", package, "--data", digits_folder, "--save-to", finished_run.folder)
    assert of_another.code == 1
    assert "was not exported from" in of_another.error
    assert (finished_run.folder / "evaluation.json").read_text() == kept_before
    of_itself = command("evaluate", finished_run.folder, "--save-to", finished_run.folder)
    assert of_itself.code == 1
    assert "is a run, which keeps its own numbers: leave --save-to out" in of_itself.error


def test_the_paper_s_number_stands_beside_the_paper_s_data_alone(classifier, digits_folder):
    train_set, test_set = (data.load_idx(digits_folder, split, "mnist") for split in ("train", "test"))
    other = replace(classifier, dataset="fashion-mnist")
    references = [
        evaluate.evaluate(DIGITS[3], train_set, test_set, it, train_set.head(0))[0].reference
        for it in (classifier, other)
    ]
    assert references == ["225 +- 2 (Goodfellow et al., 2014, Table 1)", None]


def test_the_parzen_window_is_chosen_on_held_back_images(digits_folder, classifier):
    train_set, test_set = (data.load_idx(digits_folder, split, "mnist") for split in ("train", "test"))
    held = train_set.slice(200, 230)
    found = evaluate.evaluate(DIGITS[3], train_set.head(200), test_set, classifier, held)
    assert "chosen on 30 validation images" in found[0].protocol


@pytest.mark.usefixtures("few_samples")
def test_a_conditional_generator_is_asked_whether_it_draws_the_class_that_it_was_asked_for(digits_folder):
    config = DcganConfig(dataset="mnist", total_nimg=1, conditional=True, generator=ConvGenerator(z_dim=3))
    labels = builders.digits(400, 3)[1]
    one_of_each = np.stack([DIGITS[3][labels == label][0] for label in range(10)])
    sets = data.Sets(config, digits_folder)

    def share(drawn):
        found = evaluate.generative.measure(lambda rows: one_of_each[drawn[rows["classes"].argmax(1)]], config, sets)
        return {item.name: item for item in found}["asked_class_share"]

    right = np.arange(10)
    assert share(right).value == 1.0
    assert share(right).floor > 0.9
    threes_for_sevens = np.where(right == 7, 3, right)
    sevens = np.mean([latents.draw_class(seed, 10) == 7 for seed in range(300)])
    assert share(threes_for_sevens).value == pytest.approx(1 - sevens)


def test_threes_of_digits_are_counted_as_modes(digits_folder, classifier, monkeypatch):
    monkeypatch.setattr(classifiers, "find", lambda dataset: classifier if dataset == "mnist" else None)
    monkeypatch.setattr(data.loading, "STACKED_IMAGES", {"train": 400, "validation": 0, "test": 1_000})
    config = DcganConfig(dataset="stacked-mnist", total_nimg=1, generator=ConvGenerator(z_dim=3))
    sets = data.Sets(config, digits_folder)
    labels = builders.digits(400, 3)[1]
    eight = np.stack([DIGITS[3][labels == label][0, 0] for label in (0, 1)])

    def sampler(rows):
        """Eight of the thousand modes: zeros and ones."""
        chosen = (rows["latents"][:, :3] > 0).astype(int)
        return eight[chosen]

    found = {item.name: item for item in evaluate.generative.measure(sampler, config, sets, SMALL)}
    assert found["modes"].value == 8
    assert found["modes"].floor > 500
    assert found["kl_to_uniform"].value == pytest.approx(np.log(1000 / 8), abs=0.05)
    assert found["kl_to_uniform"].floor < 1
