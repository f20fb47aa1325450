"""The classifiers of translations: of domains, and of a facade's labels."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.training import scenes
from training import classifiers
from training.classifiers import domains, labels
from training.data import ImageSet, PairSet
from training.data.published import FACADE_COLORS
from training.networks.domainnet import DomainNet
from training.networks.segmentnet import SegmentNet

PLAYGROUND = Path(__file__).parents[4] / "service" / "playground" / "components" / "facade-editor.js"
COLORS = torch.tensor(list(FACADE_COLORS.values()))


def image_set(images):
    return ImageSet(scenes.to_uint8(images), torch.zeros(len(images), dtype=torch.int64))


def striped(count, seed):
    images = scenes.scenes(count, seed, side=144)
    wave = torch.sin(torch.arange(144) * (2 * torch.pi / 8))
    return (0.6 * images + 0.4 * wave).clamp(-1.0, 1.0)


def two_domains(count, seed):
    return PairSet(image_set(0.6 * scenes.scenes(count, seed, side=144)), image_set(striped(count, seed + 50)))


@pytest.fixture(scope="module")
def classifier():
    """Of stripes or none."""
    return domains.train(two_domains(16, 1), epochs=40, width=4)


def test_a_classifier_of_domains_learns_what_no_filter_removes(classifier):
    accuracy, fooled = domains.figures(classifier, two_domains(12, 9))
    assert accuracy > 0.9
    assert fooled.keys() == domains.FILTERS.keys()
    assert max(fooled.values()) < 0.3


def test_figures_leave_the_random_state_alone(classifier):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    domains.figures(classifier, two_domains(2, 9))
    assert torch.equal(torch.rand(2), expected)


def test_a_classifier_that_says_the_same_of_all_is_half_right_and_always_fooled():
    class Always(DomainNet):
        def forward(self, images):
            return torch.tensor([1.0, 0.0]).expand(len(images), 2)

    accuracy, fooled = domains.figures(Always(), two_domains(3, 2))
    assert accuracy == 0.5
    assert set(fooled.values()) == {1.0}


def test_a_classifier_of_domains_is_stored_with_what_fools_it(classifier, tmp_path):
    classifiers.store(tmp_path / "horse2zebra.safetensors", classifier, 0.75, "domains", fooled={"blurred": 0.25})
    loaded = classifiers.load("horse2zebra", tmp_path)
    assert (loaded.accuracy, loaded.fooled, loaded.reads) == (0.75, {"blurred": 0.25}, "domains")
    images = striped(3, 4)
    with torch.inference_mode():
        expected = classifier(images).softmax(1).numpy()
    assert np.allclose(loaded.probabilities(images.numpy()), expected, atol=0.02)


def drawings(count, seed, side=256):
    """Blocks of a few labels, (count, 3, side, side) in [-1, 1], and the labels."""
    chosen = torch.from_numpy(np.random.default_rng(seed).integers(0, 3, (count, 4, 4)))
    flat = chosen.repeat_interleave(side // 4, 1).repeat_interleave(side // 4, 2)
    return COLORS[flat].permute(0, 3, 1, 2) / 127.5 - 1.0, flat


def facades(count, seed):
    """Photos in which each label has a brightness of its own."""
    drawn, flat = drawings(count, seed)
    photos = (flat - 1.0)[:, None] * 0.6 + 0.1 * scenes.scenes(count, seed, side=256)
    return PairSet(image_set(photos), image_set(drawn))


def test_the_labels_are_those_of_the_playground():
    written = dict(re.findall(r'\b([a-z][a-z ]*)"?: "#([0-9a-f]{6})"', PLAYGROUND.read_text()))
    assert {name: tuple(bytes.fromhex(color)) for name, color in written.items()} == FACADE_COLORS


def test_a_label_is_the_nearest_colour():
    drawn, flat = drawings(2, 0)
    torch.manual_seed(0)
    assert torch.equal(labels.labels_of(drawn + 0.03 * torch.randn_like(drawn)), flat)


def test_a_classifier_of_labels_reads_photos_it_has_not_seen(tmp_path):
    network, held = labels.train(facades(8, 1), epochs=35, width=4), facades(3, 2)
    photos, drawn = labels.whole(held)
    read = labels.pixel_accuracy(network, photos, drawn)
    assert read > 0.55
    assert labels.pixel_accuracy(network, photos.flip(0), drawn) < 0.5
    classifiers.store(tmp_path / "facades.safetensors", network, read, "labels")
    loaded = classifiers.load("facades", tmp_path)
    assert isinstance(loaded.network, SegmentNet)
    assert labels.pixel_accuracy(loaded.network, photos, drawn) == pytest.approx(read, abs=0.01)
    assert loaded.probabilities(photos.numpy()).sum(1) == pytest.approx(np.ones((3, 256, 256)), abs=1e-4)
