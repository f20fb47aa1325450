import numpy as np
import pytest
import torch

from training.metrics.neighbours import coverage, measure


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
    ids=["one image", "far away", "the mean"],
)
def test_a_collapse_covers_nearly_nothing(samples):
    assert coverage(clusters(1), samples) < 0.03


def test_noise_covers_less():
    noise = torch.from_numpy(np.random.default_rng(5).normal(0, 1.5, (1_000, 16)))
    assert coverage(clusters(1), clusters(2) + noise) < 0.7


@pytest.mark.parametrize("cells", [1, 100, 2**24])
def test_all_four_are_the_formulas_whatever_the_chunk(cells):
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(40, 3)), rng.normal(1.5, 1, (30, 3))

    def radii(points):
        return np.sort(np.linalg.norm(points[:, None] - points, axis=2))[:, 5]

    between = np.linalg.norm(real[:, None] - fake, axis=2)
    in_real, in_fake = between < radii(real)[:, None], between < radii(fake)
    found = measure(torch.from_numpy(real), torch.from_numpy(fake), max_distances=cells)
    assert found.precision == pytest.approx(in_real.any(0).mean())
    assert found.recall == pytest.approx(in_fake.any(1).mean())
    assert found.density == pytest.approx(in_real.sum(0).mean() / 5)
    assert found.coverage == pytest.approx(in_real.any(1).mean())
    assert found.coverage == coverage(torch.from_numpy(real), torch.from_numpy(fake))
    assert all(0.1 < share < 0.9 for share in (found.precision, found.recall, found.coverage))


def test_equal_distributions_have_density_1_and_the_expected_coverage():
    found = measure(clusters(1), clusters(2))
    assert found.density == pytest.approx(1, abs=0.06)
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.02)
    assert found.precision > 0.85
    assert found.recall > 0.85


def test_fewer_modes_cost_recall_and_coverage_but_no_precision():
    whole, found = measure(clusters(1), clusters(2)), measure(clusters(1), clusters(2, modes=range(5)))
    assert found.precision > whole.precision - 0.02
    assert found.recall == pytest.approx(0.5 * whole.recall, abs=0.03)
    assert found.coverage < 0.5


def test_noise_costs_precision_and_density():
    noise = torch.from_numpy(np.random.default_rng(5).normal(0, 1.5, (1_000, 16)))
    found = measure(clusters(1), clusters(2) + noise)
    assert found.precision < 0.5
    assert found.density < 0.2


def test_shrinking_to_the_centres_flatters_density_and_costs_recall():
    centres = clusters(2, modes=range(10)) * 0
    for mode in range(10):
        centres[mode::10] = clusters(3)[mode::10].mean(0)
    found = measure(clusters(1), 0.7 * centres + 0.3 * clusters(2))
    assert found.density > 1.5
    assert found.recall < 0.05


def test_memorised_samples_score_as_real_ones_do_so_that_distances_have_to_tell():
    found = measure(clusters(1), clusters(1))
    assert found.precision == found.recall == found.coverage == 1.0


def test_fewer_points_than_neighbours_are_refused():
    with pytest.raises(ValueError, match="6 neighbours"):
        measure(clusters(1), clusters(2, count=5))
