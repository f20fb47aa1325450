from math import log, pi

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from tests import builders
from training.metrics import parzen
from training.metrics.parzen import WIDTHS, ParzenWindow


def by_hand(centres, points, sigma):
    """log mean of the Gaussians' densities, one point at a time, in float64."""
    squares = np.square(points[:, None, :] - centres[None]).sum(2)
    dim = points.shape[1]
    exponents = -squares / (2 * sigma**2) - 0.5 * dim * np.log(2 * np.pi * sigma**2)
    largest = exponents.max(1, keepdims=True)
    return (largest[:, 0] + np.log(np.exp(exponents - largest).sum(1))) - np.log(len(centres))


@pytest.mark.parametrize("sigma", [0.1, 0.215, 1.0])
@pytest.mark.parametrize("dim", [1, 7, 784])
def test_the_score_is_the_formulas(sigma, dim):
    rng = np.random.default_rng(dim)
    centres, points = rng.random((20, dim)), rng.random((11, dim))
    score = ParzenWindow(torch.from_numpy(centres), sigma).score(torch.from_numpy(points))
    expected = by_hand(centres, points, sigma)
    assert score.mean == pytest.approx(expected.mean(), rel=1e-9)
    assert score.standard_error == pytest.approx(expected.std() / 11**0.5, rel=1e-9)
    assert score.sigma == sigma


def test_more_points_than_a_chunk_give_the_same():
    centres, points = torch.rand(9, 3), torch.rand(25, 3)
    whole = ParzenWindow(centres, 0.2).score(points)
    assert ParzenWindow(centres, 0.2).score(points, chunk=4).mean == pytest.approx(whole.mean, rel=1e-12)


def test_one_centre_is_one_gaussian():
    centre, point = torch.full((1, 784), 0.25), torch.full((1, 784), 0.75)
    expected = -784 * 0.25 / (2 * 0.3**2) - 392 * log(2 * pi * 0.3**2)
    assert ParzenWindow(centre, 0.3).score(point).mean == pytest.approx(expected, rel=1e-9)


def test_centres_of_a_gaussian_give_that_gaussian_widened_by_the_window():
    n = 20_000
    centres = Normal(0.5, 0.2).icdf((torch.arange(n, dtype=torch.float64) + 0.5) / n)[:, None]
    points = torch.linspace(0.0, 1.0, 50, dtype=torch.float64)[:, None]
    analytic = Normal(0.5, (0.2**2 + 0.1**2) ** 0.5).log_prob(points).mean()
    assert ParzenWindow(centres, 0.1).score(points).mean == pytest.approx(float(analytic), abs=1e-3)


def test_the_widths_are_the_papers():
    assert pytest.approx(np.logspace(-1, 0, 10), rel=1e-12) == WIDTHS


@pytest.mark.parametrize("spread", [0.05, 0.3, 0.6, 2.0])
def test_the_width_is_the_one_that_makes_the_validation_points_likeliest(spread):
    rng = np.random.default_rng(0)
    centres, points = (rng.normal(0.5, spread, (n, 4)) for n in (30, 40))
    chosen = parzen.fit(torch.from_numpy(centres), torch.from_numpy(points)).sigma
    assert chosen == WIDTHS[int(np.argmax([by_hand(centres, points, width).mean() for width in WIDTHS]))]


def box_blur(pixels):
    rows = torch.from_numpy(pixels).float()[:, None]
    return torch.nn.functional.avg_pool2d(rows, 9, 1, 4)[:, 0].numpy()


@pytest.fixture(scope="module")
def unit():
    """(N, side, side) images of 0 ... 255 as points in [0, 1]."""
    return lambda pixels: torch.from_numpy(np.asarray(pixels, np.float64)).flatten(1) / 255


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pixels: np.clip(pixels + np.random.default_rng(0).normal(0, 80, pixels.shape), 0, 255),
        box_blur,
        lambda pixels: np.tile(pixels[:1], (len(pixels), 1, 1)),
        lambda pixels: 255.0 - pixels,
    ],
    ids=["noise", "blur", "one mode", "inverted"],
)
def test_spoilt_samples_are_less_likely_than_real_ones(unit, spoil):
    (real, _), (validation, _), (test, _) = (builders.digits(n, seed) for n, seed in ((400, 0), (50, 1), (100, 2)))

    def score(pixels):
        return parzen.fit(unit(pixels), unit(validation)).score(unit(test))

    best, spoilt = score(real), score(spoil(real))
    assert spoilt.mean < best.mean - 10 * best.standard_error
