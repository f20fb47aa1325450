"""Noise of luma and chroma: what raises and what lowers it."""

import numpy as np
import pytest
import torch
from PIL import Image

from tests.unit.training.spoiled import blurred, confetti, grainy, natural
from training.metrics import noise


@pytest.fixture
def real():
    return natural()


def test_noise_is_that_of_pillows_ycbcr():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    ycbcr = np.asarray(Image.fromarray(pixels).convert("YCbCr"), np.float64)
    edges = 4 * ycbcr[1:-1, 1:-1] - ycbcr[:-2, 1:-1] - ycbcr[2:, 1:-1] - ycbcr[1:-1, :-2] - ycbcr[1:-1, 2:]
    luma, blue, red = np.abs(edges[1:-1, 1:-1]).mean((0, 1))  # 2 px cropped at each side
    found = noise.levels(torch.from_numpy(pixels).permute(2, 0, 1)[None])
    assert float(found.luma) == pytest.approx(luma, abs=0.6)  # Pillow rounds
    assert float(found.chroma) == pytest.approx(blue + red, abs=1.2)


def test_confetti_raises_chroma_noise_alone(real):
    found = noise.ratios(real, confetti(real, 0.3))
    assert found.chroma > 2.0
    assert found.luma == pytest.approx(1.0, abs=0.05)


def test_grain_raises_luma_noise_alone(real):
    found = noise.ratios(real, grainy(real, 0.1))
    assert found.luma > 2.0
    assert found.chroma == pytest.approx(1.0, abs=0.05)


def test_blur_lowers_both(real):
    found = noise.ratios(real, blurred(real))
    assert found.luma < 0.5
    assert found.chroma < 0.6


def test_real_images_have_the_noise_of_real_images(real):
    assert noise.ratios(real, real.flip(3)) == pytest.approx((1.0, 1.0), abs=1e-6)


def test_nothing_can_be_compared_with_flat_or_grey_images():
    flat = torch.zeros(2, 3, 16, 16)
    with pytest.raises(ValueError, match="the real images are flat"):
        noise.ratios(flat, flat)
    with pytest.raises(ValueError, match="needs 3 channels, but the images have 1"):
        noise.levels(flat[:, :1])
