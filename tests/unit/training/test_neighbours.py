import numpy as np
import pytest
import torch

from training.metrics.neighbours import coverage


def clusters(seed, count=1_000, modes=range(10)):
    """Ten Gaussians in 16 dimensions, far apart, or some of them."""
    centres = np.random.default_rng(0).normal(0, 8, (10, 16))
    labels = np.resize(list(modes), count)
    return torch.from_numpy(centres[labels] + np.random.default_rng(seed).normal(0, 1, (count, 16)))


def test_coverage_is_the_formulas():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(40, 3)), rng.normal(0.5, 1, (30, 3))
    inside = 0
    for point in real:
        radius = np.sort(np.linalg.norm(real - point, axis=1))[5]
        inside += np.linalg.norm(fake - point, axis=1).min() < radius
    assert 0 < inside < 40
    assert coverage(torch.from_numpy(real), torch.from_numpy(fake)) == pytest.approx(inside / 40)


def test_real_against_real_is_near_the_expected_0_97():
    # A ball of 5 neighbours of N points is missed by N others with a probability of about (1/2)^5.
    assert coverage(clusters(1), clusters(2)) == pytest.approx(1 - 2**-5, abs=0.02)


def test_a_dropped_class_costs_its_share():
    whole = coverage(clusters(1), clusters(2))
    assert coverage(clusters(1), clusters(2, modes=range(9))) == pytest.approx(0.9 * whole, abs=0.02)


@pytest.mark.parametrize(
    "samples",
    [
        clusters(2)[:1].expand(1_000, 16),
        clusters(2) + 30.0,
        clusters(2).mean(0).expand(1_000, 16),
    ],
    ids=["one picture", "far away", "the mean"],
)
def test_a_collapse_covers_nearly_nothing(samples):
    assert coverage(clusters(1), samples) < 0.03


def test_noise_covers_less():
    noise = torch.from_numpy(np.random.default_rng(5).normal(0, 1.5, (1_000, 16)))
    assert coverage(clusters(1), clusters(2) + noise) < 0.7
