import math

import numpy as np
import pytest
import torch

from tests.unit.training.scenes import blur, noise, scenes, to_uint8
from training.metrics import paired


@pytest.fixture(scope="module")
def real():
    return scenes(12, seed=1)


def levels(*values):
    return torch.tensor(values, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 16, 16)


def test_l1_and_psnr_are_their_formulas_in_levels():
    found = paired.compare(levels(100, 10), levels(110, 8))
    assert found.l1 == pytest.approx(6)
    assert found.psnr == pytest.approx((20 * math.log10(255 / 10) + 20 * math.log10(255 / 2)) / 2, rel=1e-5)


def test_ssim_of_flat_images_is_its_luminance_term():
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 150 + c1) / (100**2 + 150**2 + c1)
    assert paired.compare(levels(100), levels(150)).ssim == pytest.approx(expected, rel=1e-3)


def test_equal_images_are_perfect(real):
    found = paired.compare(real, real.clone())
    assert (found.l1, found.psnr) == (0.0, math.inf)
    assert found.ssim == pytest.approx(1.0, abs=1e-6)
    assert paired.translation(real, real) == paired.Translation(0.0, pytest.approx(1.0, abs=1e-6))


def test_chunks_and_types_do_not_matter(real):
    spoilt = noise(real)
    whole = paired.compare(real, spoilt)
    assert paired.compare(to_uint8(real), to_uint8(spoilt)) == whole
    parts = paired.compare(real, spoilt, max_values=3 * 32 * 32 * 5)
    assert [parts.l1, parts.psnr, parts.ssim] == pytest.approx([whole.l1, whole.psnr, whole.ssim], rel=1e-6)


@pytest.mark.parametrize(
    "spoil", [blur, noise, lambda x: x.flip(0), lambda x: -x], ids=["blur", "noise", "other", "inverted"]
)
def test_spoilt_translations_are_worse_than_slightly_spoilt_ones(real, spoil):
    best, found = paired.compare(real, noise(real, 0.02)), paired.compare(real, spoil(real))
    assert found.l1 > 1.5 * best.l1
    assert found.psnr < best.psnr - 5
    assert found.ssim < best.ssim - 0.05


def test_the_difference_of_images_is_the_mean_absolute_difference(real):
    other = noise(real)
    expected = np.abs(to_uint8(real).numpy().astype(float) - to_uint8(other).numpy()).mean()
    assert paired.mean_absolute(real, other) == pytest.approx(expected, rel=1e-6)
    assert paired.mean_absolute(levels(0), levels(255)) == 255


def test_a_colour_filter_keeps_structure_and_another_image_does_not(real):
    tinted = (real * torch.tensor([1.0, 0.9, 0.7])[:, None, None] + 0.1).clamp(-1, 1)
    filtered, other = paired.translation(real, tinted), paired.translation(real, real.flip(0))
    assert filtered.change == pytest.approx(paired.mean_absolute(real, tinted))
    assert filtered.structure > 0.9
    assert other.structure < 0.3
    assert other.change > 3 * filtered.change


def test_structure_is_of_luminance_alone():
    # Two colours of the same luminance: the channels differ, the structure does not.
    red, grey = levels(0).clone(), levels(60)
    red[:, 0], red[:, 1] = 99, 52
    assert paired.translation(grey, red).structure > 0.99
    assert paired.compare(grey, red).ssim < 0.9


def test_shapes_that_do_not_fit_are_refused(real):
    for other in (real[:3], real[:, :1], real[:0]):
        with pytest.raises(ValueError, match="one shape"):
            paired.mean_absolute(real, other)
    with pytest.raises(ValueError, match="one shape"):
        paired.compare(real[:0], real[:0])
