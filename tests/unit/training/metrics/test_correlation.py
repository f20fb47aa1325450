import numpy as np
import pytest
import torch

from training.metrics import correlation

RNG = np.random.default_rng(0)
FALLING = list(np.geomspace(300, 5, 24))


def by_ranks(x, y):
    """The textbook form, without ties."""
    rank_x, rank_y = (np.argsort(np.argsort(series)) for series in (x, y))
    return 1 - 6 * np.square(rank_x - rank_y).sum() / (len(x) * (len(x) ** 2 - 1))


def test_rho_is_the_textbooks():
    x, y = RNG.normal(size=30), RNG.normal(size=30)
    assert correlation.spearman(x, y, resamples=9).rho == pytest.approx(by_ranks(x, y), abs=1e-5)


@pytest.mark.parametrize(("change", "rho"), [(np.log, 1), (lambda y: -(y**3), -1)])
def test_any_monotone_relation_is_perfect(change, rho):
    found = correlation.spearman(FALLING, change(np.array(FALLING)), resamples=99)
    assert [found.rho, found.low, found.high] == pytest.approx([rho] * 3, abs=1e-4)
    assert (found.count, found.confidence) == (24, 0.95)


def test_ties_share_their_rank():
    found = correlation.spearman([1, 2, 2, 3], [1, 2, 3, 4])
    assert found.rho == pytest.approx(float(np.corrcoef([1, 2.5, 2.5, 4], [1, 2, 3, 4])[0, 1]), abs=1e-5)


def test_a_seed_repeats_the_interval():
    x, y = RNG.normal(size=24), RNG.normal(size=24)
    first, again, other = (correlation.spearman(x, y, resamples=99, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first.low != other.low


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    # Normal pairs with correlation r have rho = 6 / pi asin(r / 2).
    truth, held = 6 / np.pi * np.arcsin(0.3), 0
    for _ in range(40):
        x = RNG.normal(size=60)
        y = 0.6 * x + 0.8 * RNG.normal(size=60)
        found = correlation.spearman(x, y, resamples=150)
        held += found.low <= truth <= found.high
    assert 34 <= held <= 40


def test_blocks_widen_the_interval_of_series_whose_neighbours_depend_on_each_other():
    x, y = (np.cumsum(RNG.normal(size=60)) for _ in range(2))
    single, blocks = (correlation.spearman(x, y, block=block, resamples=300) for block in (1, 5))
    assert blocks.rho == single.rho
    assert blocks.high - blocks.low > 1.3 * (single.high - single.low)


def test_blocks_are_neighbours_on_a_ring():
    chosen = correlation._resampled(12, 5, 300, seed=0)
    assert chosen.shape == (12, 300)
    assert chosen.min() == 0
    assert chosen.max() == 11
    assert ((chosen[1:5] - chosen[:4]) % 12 == 1).all()


def test_the_running_median_is_that_of_five_and_of_fewer_at_the_ends():
    assert correlation.running_median([9, 1, 5, 100, 3, 4]) == [5, 7, 5, 4, 4.5, 4]
    assert correlation.running_median([1, 2, 300, 4, 5])[2] == 4
    assert correlation.running_median([]) == []


def test_the_estimate_is_a_difference_of_means_in_float64():
    scores = torch.full((10_000, 1), 1e6)
    assert correlation.wasserstein_estimate(scores + 0.5, scores) == 0.5
    assert correlation.wasserstein_estimate(torch.tensor([3.0, 5.0]), torch.tensor([1.0])) == 3.0


def test_an_estimate_that_falls_with_the_fid_agrees_though_single_ones_jump():
    estimates = np.sqrt(FALLING)
    estimates[[3, 11, 17]] *= 3.0
    found = correlation.agreement(list(estimates), FALLING)
    assert found.rho > 0.98
    assert found.low > 0.9
    assert correlation.spearman(estimates, FALLING).rho < found.rho


def test_an_estimate_that_says_nothing_does_not_agree():
    found = correlation.agreement(list(RNG.normal(size=24)), FALLING)
    assert found.low < 0 < found.high


def test_snapshots_are_log_spaced_and_different():
    steps = correlation.log_spaced_steps(100, 20_000)
    assert (len(steps), steps[0], steps[-1]) == (24, 100, 20_000)
    assert np.diff(np.log(steps)) == pytest.approx(np.log(200) / 23, abs=0.01)
    assert correlation.log_spaced_steps(1, 24) == tuple(range(1, 25))
    close = correlation.log_spaced_steps(1, 100, 30)
    assert len(set(close)) == len(close) >= 30
    with pytest.raises(ValueError, match="no 24 different"):
        correlation.log_spaced_steps(100, 110)


@pytest.mark.parametrize(("x", "y"), [([1, 2, 3], [1, 2]), ([1, 2], [1, 2]), ([1, 2, np.nan], [1, 2, 3])])
def test_series_that_do_not_fit_are_refused(x, y):
    with pytest.raises(ValueError, match="two finite series"):
        correlation.spearman(x, y)


def test_a_constant_series_has_no_correlation():
    assert correlation.spearman([1.0] * 10, range(10)).rho == 0.0
