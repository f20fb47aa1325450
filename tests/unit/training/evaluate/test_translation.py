"""The protocols of translators' metrics, and the images by which their runs are watched."""

import functools
from dataclasses import replace

import numpy as np
import pytest
import torch

from service.imaging.pixels import to_uint8
from tests.unit.training.tiny import CYCLEGAN, PIX2PIX
from training import classifiers, data, evaluate
from training.evaluate import module_sampler, sample_grid, translation
from training.evaluate.protocol import Protocol
from training.networks.domainnet import DomainNet
from training.networks.segmentnet import SegmentNet


@pytest.fixture
def measure(folders):
    """The metrics of samplers on the test images, by direction and name."""

    def by_name(config, sizes=Protocol(two_sample_steps=2), **samplers):  # noqa: B008  # frozen
        found = translation.measure(samplers, config, data.Sets(config, folders[config.dataset]), sizes)
        return {(item.direction, item.name): item.value for item in found}

    return by_name


@pytest.fixture
def held(folders):
    """The middle 16 px of the test images of both domains, as numbers of 0 ... 255."""

    def cut(config):
        loaded = data.load(config, folders[config.dataset], "test")
        return [part.images[:, :, 1:17, 1:17].double() for part in (loaded.A, loaded.B)]

    return cut


def same(rows):
    return rows["images"]


def scaled(factor, rows):
    return rows["images"] * np.float32(factor)


@pytest.mark.parametrize(("direction", "name"), [("AtoB", "A2B"), ("BtoA", "B2A")])
def test_pix2pix_is_compared_with_the_other_half_of_each_test_pair(measure, held, direction, name):
    config = replace(PIX2PIX, direction=direction)
    found = measure(config, **{name: same})
    a, b = held(config)
    assert found[name, "l1"] == pytest.approx(float((a - b).abs().mean()), rel=1e-4)
    errors = (a - b).square().mean((1, 2, 3))
    assert found[name, "psnr"] == pytest.approx(float((10 * torch.log10(255.0**2 / errors)).mean()), rel=1e-3)
    assert 0.0 < found[name, "ssim"] < 1.0
    assert {key for key, _ in found} == {name}


def test_a_translator_is_given_the_middle_of_each_image_alone(measure, held):
    given = []
    measure(PIX2PIX, B2A=lambda rows: given.append(rows["images"]) or rows["images"])
    assert all(image.shape == (1, 3, 16, 16) for image in given)
    assert np.array_equal(to_uint8(np.concatenate(given)).transpose(0, 3, 1, 2), held(PIX2PIX)[1].numpy())


def test_the_identity_changes_nothing_and_comes_back(measure):
    found = measure(CYCLEGAN, A2B=same, B2A=same)
    for direction in ("A2B", "B2A"):
        assert found[direction, "change"] == found[direction, "cycle_error"] == 0.0
        assert found[direction, "structure"] == pytest.approx(1.0)
        assert 0.0 <= found[direction, "two_sample_accuracy"] <= 1.0


def test_the_cycle_error_is_what_the_way_back_does_not_undo(measure, held):
    there, back, nowhere = (functools.partial(scaled, factor) for factor in (0.5, 2.0, 0.0))
    found = measure(CYCLEGAN, A2B=there, B2A=back)
    assert found["A2B", "cycle_error"] < 1.0  # half a level, twice, is lost by rounding
    assert found["A2B", "change"] > 10.0
    lost = measure(CYCLEGAN, A2B=nowhere, B2A=same)
    expected = (held(CYCLEGAN)[0] - 127.5).abs().mean()
    assert lost["A2B", "cycle_error"] == pytest.approx(float(expected), abs=0.6)


class Bright(DomainNet):
    """Takes bright images for B."""

    def forward(self, images):
        brightness = images.mean((1, 2, 3))
        return torch.stack((-brightness, brightness), dim=1)


def test_translations_are_counted_that_a_classifier_takes_for_the_target(measure, held, monkeypatch):
    classifier = classifiers.Classifier(Bright(4), "0" * 64, 0.95, "monet2photo", "domains", fooled={"blurred": 0.2})
    monkeypatch.setattr(translation.classifiers, "find", lambda dataset: classifier)
    found = measure(CYCLEGAN, A2B=lambda rows: np.ones_like(rows["images"]), B2A=same)
    assert found["A2B", "domain_taken"] == 1.0
    dark = held(CYCLEGAN)[1].mean((1, 2, 3)) < 127.5
    assert found["B2A", "domain_taken"] == pytest.approx(float(dark.double().mean()))


def test_labels_are_read_again_from_photos_alone(measure, monkeypatch):
    classifier = classifiers.Classifier(SegmentNet(12, 2).eval(), "0" * 64, 0.5, "facades", "labels")
    monkeypatch.setattr(translation.classifiers, "find", lambda dataset: classifier)
    assert 0.0 <= measure(PIX2PIX, B2A=same)["B2A", "pixel_accuracy"] <= 1.0
    assert ("A2B", "pixel_accuracy") not in measure(replace(PIX2PIX, direction="AtoB"), A2B=same)


def test_the_two_sample_test_is_left_out_of_few_images(measure):
    found = measure(CYCLEGAN, Protocol(min_two_sample_images=1_000), A2B=same)
    assert {"change", "structure"} <= {name for _, name in found}
    assert "two_sample_accuracy" not in {name for _, name in found}


def test_one_way_alone_has_no_cycle(measure):
    assert "cycle_error" not in {name for _, name in measure(CYCLEGAN, A2B=same)}


def test_translations_are_measured_in_the_levels_in_which_they_are_served():
    made = translation.translate(lambda rows: rows["images"] * 1.5, torch.linspace(-1, 1, 48).view(1, 3, 4, 4))
    levels = (made + 1.0) * 127.5
    assert torch.allclose(levels, levels.round(), atol=1e-4)
    assert (float(made.min()), float(made.max())) == (-1.0, 1.0)


def cells(grid, columns):
    """(rows, columns, 16, 16, 3) of a grid."""
    return grid.reshape(-1, 16, columns, 16, 3).transpose(0, 2, 1, 3, 4)


def middles(domain, count):
    """The first images, cut to 16 px at the right and at the bottom."""
    return domain.images[:count, :, :16, :16].permute(0, 2, 3, 1).numpy()


def applied(network, shown):
    sampler = module_sampler(network, torch.device("cpu"))
    given = np.ascontiguousarray(shown.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    return to_uint8(sampler({"images": given}))


def close(one, other):
    return np.abs(one.astype(int) - other.astype(int)).max() <= 1


def snapshot(trainer, config, pairs):
    return sample_grid(trainer.objective, evaluate.samplers(trainer.objective), config, pairs).pixels


def test_pix2pix_is_watched_by_input_translation_and_truth(start, loaded):
    trainer, pairs = start(PIX2PIX), loaded(PIX2PIX)
    shown = cells(snapshot(trainer, PIX2PIX, pairs), 3)
    given, truth = middles(pairs.B, len(shown)), middles(pairs.A, len(shown))
    assert len(shown) >= 4
    assert np.array_equal(shown[:, 0], given)
    assert close(shown[:, 1], applied(trainer.objective.finished("B2A"), given))
    assert np.array_equal(shown[:, 2], truth)


def test_cyclegan_is_watched_by_both_cycles(start, loaded):
    trainer, pairs = start(CYCLEGAN), loaded(CYCLEGAN)
    shown = cells(snapshot(trainer, CYCLEGAN, pairs), 6)
    forth, back = (trainer.objective.finished(direction) for direction in ("A2B", "B2A"))
    for first, domain, network in ((0, pairs.A, forth), (3, pairs.B, back)):
        given = middles(domain, len(shown))
        assert np.array_equal(shown[:, first], given)
        assert close(shown[:, first + 1], applied(network, given))
    assert not np.array_equal(shown[:, 1], shown[:, 2])


def test_domains_of_unequal_size_are_watched_by_as_many_rows_as_both_have(start, loaded):
    trainer, pairs = start(CYCLEGAN), loaded(CYCLEGAN)
    samplers = {"A2B": same, "B2A": same}
    unequal = replace(pairs, A=pairs.A.head(3), B=pairs.B.head(5))
    seen = sample_grid(trainer.objective, samplers, CYCLEGAN, unequal)
    shown = cells(seen.pixels, 6)
    assert len(shown) == 3
    assert np.array_equal(shown[:, 3], middles(pairs.B, 3))
    assert (len(seen.batches["A2B"].samples), len(seen.batches["B2A"].samples)) == (3, 5)
