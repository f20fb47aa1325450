import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from training.metrics import frechet
from training.metrics.frechet import Statistics


def gaussian(mean, cov):
    return Statistics(torch.as_tensor(mean, dtype=torch.float64), torch.as_tensor(cov, dtype=torch.float64))


def draw(seed, count=5_000, dim=8, scale=1.0, shift=0.0):
    return torch.from_numpy(np.random.default_rng(seed).normal(shift, scale, (count, dim)))


def test_statistics_are_numpys():
    features = np.random.default_rng(0).normal(3, 2, (50, 4))
    found = Statistics.of(torch.from_numpy(features).float())
    assert found.mean.dtype == found.cov.dtype == torch.float64
    np.testing.assert_allclose(found.mean, features.mean(0), rtol=1e-6)
    np.testing.assert_allclose(found.cov, np.cov(features.T), rtol=1e-5)
    assert Statistics.of(torch.rand(5, 1)).cov.shape == (1, 1)


def test_the_distance_of_gaussians_with_diagonal_covariance_is_the_closed_form():
    a, b = gaussian([0, 0, 1], np.diag([1.0, 4.0, 9.0])), gaussian([3, 0, 1], np.diag([4.0, 4.0, 1.0]))
    assert frechet.distance(a, b) == pytest.approx(9 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2, rel=1e-12)


def test_the_distance_of_any_gaussians_is_the_closed_form():
    # The optimal map between N(0, A) and N(0, T A T) is x -> T x for a symmetric positive T: the distance is the cost
    # of that map, Tr((T - I) A (T - I)).
    rng = np.random.default_rng(1)
    root, stretch = rng.normal(size=(6, 6)), rng.normal(size=(6, 6))
    cov, by = root @ root.T, stretch @ stretch.T + np.eye(6)
    expected = np.trace((by - np.eye(6)) @ cov @ (by - np.eye(6)))
    found = frechet.distance(gaussian(np.zeros(6), cov), gaussian(np.zeros(6), by @ cov @ by))
    assert found == pytest.approx(expected, rel=1e-9)


def test_it_is_what_torchmetrics_computes():
    other = FrechetInceptionDistance(feature=WithSize(), input_img_size=(8,), normalize=True).set_dtype(torch.float64)
    a, b = draw(0, 300), draw(1, 200, scale=1.5, shift=0.3)
    other.update(a, real=True)
    other.update(b, real=False)
    assert frechet.distance(Statistics.of(a), Statistics.of(b)) == pytest.approx(float(other.compute()), rel=1e-6)


class WithSize(nn.Identity):
    num_features = 8


def test_equal_features_are_at_distance_zero_also_with_a_singular_covariance():
    dead = draw(0) * torch.tensor([1, 1, 1, 1, 0, 0, 0, 0])
    dead[:, 3] = dead[:, 2]
    assert frechet.distance(Statistics.of(dead), Statistics.of(dead)) == pytest.approx(0, abs=1e-6)
    assert frechet.distance(Statistics.of(dead), Statistics.of(torch.zeros(9, 8))) == pytest.approx(4, rel=0.1)


def test_real_against_real_is_the_floor_and_everything_else_is_far_above():
    real = Statistics.of(draw(0))
    floor = frechet.distance(real, Statistics.of(draw(1)))
    assert 0 < floor < 0.02
    halved = draw(2)
    halved[:, 0].abs_()  # a dropped mode
    for spoilt in (draw(2, scale=0.8), draw(2, scale=1.2), draw(2, shift=0.2), halved, draw(2)[:1].expand(100, 8)):
        assert frechet.distance(real, Statistics.of(spoilt)) > 10 * floor


def test_few_or_broken_features_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Statistics.of(torch.zeros(1, 8))
    with pytest.raises(ValueError, match="not finite"):
        Statistics.of(torch.full((4, 8), torch.nan))
