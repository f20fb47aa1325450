import numpy as np
import pytest
import torch

from tests.unit.training.scenes import blur, noise, one_mode, scenes, to_uint8
from training.metrics import sliced

FEW = {"patches": 16, "directions": 32}


def shapes(seed, channels=1):
    """Flat patches with edges: what is Gaussian stays so under noise and blur, and is then normalised."""
    return blur(scenes(250, seed, channels=channels), 2.0).mul(40.0).tanh()


@pytest.fixture(scope="module")
def real():
    return shapes(seed=1)


@pytest.fixture(scope="module")
def floor(real):
    return sliced.distance(real, shapes(seed=2), **FEW)


def test_levels_halve_down_to_16_px():
    assert list(sliced.distance(*(torch.zeros(2, 1, 64, 80),) * 2, **FEW).levels) == [64, 32, 16]
    assert list(sliced.distance(*(torch.zeros(2, 1, 28, 28),) * 2, **FEW).levels) == [28]
    assert list(sliced.distance(*(torch.zeros(2, 3, 61, 33),) * 2, **FEW).levels) == [61, 31]


def test_the_pyramid_loses_nothing():
    images = torch.rand(2, 3, 32, 40)
    fine, coarse = sliced._detail(images, 0, last=False), sliced._detail(images, 1, last=True)
    assert coarse.shape == (2, 3, 16, 20)
    spread = torch.zeros_like(images)
    spread[..., ::2, ::2] = coarse
    torch.testing.assert_close(fine + 4 * sliced._smooth(spread), images)


def test_a_flat_image_has_no_fine_detail():
    assert sliced._detail(torch.full((1, 1, 32, 32), 77.0), 0, last=False).abs().max() < 1e-4


def test_patches_are_cut_where_they_lie():
    ramp = (100.0 * torch.arange(20.0)[:, None] + torch.arange(30.0)).expand(2, 3, 20, 30)
    found = sliced._patches(ramp, 50, torch.Generator().manual_seed(0)).reshape(100, 3, 7, 7)
    corner = found[:, :, :1, :1]
    assert corner.min() >= 0
    assert corner.max() <= 100 * 13 + 23
    offsets = 100.0 * torch.arange(7.0)[:, None] + torch.arange(7.0)
    assert torch.equal(found - corner, offsets.expand(100, 3, 7, 7))
    assert len(corner[:, 0].unique()) > 50


def test_the_distance_of_two_gaussians_is_the_closed_form():
    # Along a direction, N(0, 1) against N(mu . d, 1): |mu . d|, whose mean over directions in 2-D is |mu| 2 / pi.
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(10_000, 2)), rng.normal([3.0, 4.0], 1.0, (10_000, 2))
    a, b = (torch.from_numpy(points).float() for points in (a, b))
    assert sliced._sliced(a, b, 1_000, 0) == pytest.approx(5 * 2 / np.pi, rel=0.04)


def test_equal_sets_are_at_zero_and_a_seed_repeats(real):
    assert sliced.distance(real, real, **FEW).mean == 0.0
    other = shapes(seed=2)
    again = sliced.distance(real, other, seed=3, **FEW)
    assert again == sliced.distance(to_uint8(real), to_uint8(other), seed=3, **FEW)
    assert again != sliced.distance(real, other, seed=4, **FEW)
    assert again.mean == pytest.approx(sum(again.levels.values()) / 2)


@pytest.mark.parametrize(
    ("spoil", "level"),
    [
        (blur, 32),
        (noise, 32),
        (one_mode, 16),
        (lambda images: -images.abs(), 16),
    ],
    ids=["blur", "noise", "one image", "only dark"],
)
def test_spoilt_samples_are_farther_than_real_ones(real, floor, spoil, level):
    found = sliced.distance(real, spoil(shapes(seed=2)), **FEW)
    assert found.levels[level] > 2 * floor.levels[level]
    assert found.mean > 1.5 * floor.mean


def test_grey_samples_are_far_from_colours():
    real, other = shapes(1, channels=3), shapes(2, channels=3)
    grey = other.mean(1, keepdim=True).expand_as(other)
    assert sliced.distance(real, grey, **FEW).mean > 3 * sliced.distance(real, other, **FEW).mean


@pytest.mark.parametrize(
    ("a", "b"),
    [((2, 1, 28, 28), (3, 1, 28, 28)), ((2, 1, 15, 28),) * 2, ((0, 1, 28, 28),) * 2, ((1, 28, 28),) * 2],
)
def test_shapes_that_do_not_fit_are_refused(a, b):
    with pytest.raises(ValueError, match="one shape"):
        sliced.distance(torch.zeros(a), torch.zeros(b))
