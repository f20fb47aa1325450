import pytest
import torch

from tests.unit.training.scenes import scenes
from training.metrics import tones


@pytest.fixture(scope="module")
def real():
    return 0.6 * scenes(20, seed=4, side=48)


def test_images_compare_with_themselves_as_equal(real):
    assert tones.compare(real, real) == (1.0, 0.0)


def test_pale_images_have_less_contrast_and_a_tint_moves_the_mean_colour(real):
    assert tones.compare(0.5 * real, real).contrast == pytest.approx(0.5, abs=0.02)
    tinted = real + torch.tensor([30.0, 0.0, -40.0])[:, None, None] / 127.5
    found = tones.compare(tinted, real)
    assert found.color == pytest.approx(50.0, abs=3.0)
    assert found.contrast == pytest.approx(1.0, abs=0.05)


def test_nothing_compares_with_flat_images(real):
    with pytest.raises(ValueError, match="the other images are flat"):
        tones.compare(real, torch.zeros(1, 3, 48, 48))
