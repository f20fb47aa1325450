"""The theory of Goodfellow et al. (2014) on densities of one dimension, with the project's own objective.

A mean over the quantiles at the midpoints of N equal shares is a quadrature: nothing here is random.
"""

from math import log

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution, Normal, Uniform

from training.objectives.gan import (
    discriminator_loss,
    minimax_generator_loss,
    non_saturating_generator_loss,
    value,
)

N = 100_000
LOG_4 = log(4.0)


def normal(mean: float, scale: float = 1.0) -> Normal:
    return Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64))


def uniform(low: float, high: float) -> Uniform:
    return Uniform(torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64), validate_args=False)


def points(density: Distribution) -> Tensor:
    return density.icdf((torch.arange(N, dtype=torch.float64) + 0.5) / N)


def optimal_logits(x: Tensor, data: Distribution, fake: Distribution) -> Tensor:
    """The logit of D* = p_data / (p_data + p_g), Proposition 1."""
    return data.log_prob(x) - fake.log_prob(x)


def value_at_optimum(data: Distribution, fake: Distribution) -> float:
    return float(value(*(optimal_logits(points(side), data, fake) for side in (data, fake))))


def jensen_shannon(p: Normal, q: Normal) -> float:
    """JSD by the trapezoid rule, without the objective's code."""
    x = np.linspace(-15.0, 15.0, 60_001)
    p_x, q_x = (
        np.exp(-0.5 * ((x - float(d.loc)) / float(d.scale)) ** 2) / (float(d.scale) * np.sqrt(2 * np.pi))
        for d in (p, q)
    )
    middle = (p_x + q_x) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(d > 0, d * np.log(d / middle), 0.0) for d in (p_x, q_x)]
    return float(np.trapezoid(sum(parts) / 2, x))


PAIRS = [(normal(0.0), normal(1.0)), (normal(-1.0, 0.5), normal(1.0, 2.0)), (normal(0.0), normal(0.0, 3.0))]


class Table:
    """A discriminator with one free logit for each of 24 bins."""

    def __init__(self, data: Distribution, fake: Distribution) -> None:
        self.edges = torch.linspace(-2.75, 2.75, 23, dtype=torch.float64)
        self.bins = [torch.bucketize(points(side), self.edges) for side in (data, fake)]
        p, q = (self._masses(side) for side in (data, fake))
        self.optimum = p / (p + q)

    def _masses(self, density: Distribution) -> Tensor:
        below = torch.cat([torch.zeros(1), density.cdf(self.edges), torch.ones(1)])
        return below.diff()

    def loss(self, logits: Tensor) -> Tensor:
        return discriminator_loss(logits[self.bins[0]], logits[self.bins[1]])


@pytest.mark.parametrize(("data", "fake"), PAIRS)
def test_the_discriminators_gradient_vanishes_at_p_data_over_the_sum(data, fake):
    table = Table(data, fake)
    logits = torch.logit(table.optimum).requires_grad_()
    table.loss(logits).backward()
    assert logits.grad.abs().max() < 3e-5


@pytest.mark.parametrize(("data", "fake"), PAIRS)
def test_descending_the_discriminators_loss_leads_to_p_data_over_the_sum(data, fake):
    table = Table(data, fake)
    logits = torch.zeros(24, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=300, tolerance_change=0, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = table.loss(logits)
        loss.backward()
        return loss

    optimizer.step(closure)
    assert (torch.sigmoid(logits) - table.optimum).abs().max() < 2e-3


def test_the_optimum_between_equal_gaussians_is_a_line_through_their_middle():
    data, fake = normal(0.0), normal(1.5)
    slope, offset = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (-1.5, 1.5**2 / 2))
    loss = discriminator_loss(*(slope * points(side) + offset for side in (data, fake)))
    loss.backward()
    assert abs(slope.grad) < 1e-4
    assert abs(offset.grad) < 1e-6


@pytest.mark.parametrize(
    ("fake", "divergence"),
    [((1.0, 3.0), 0.5 * log(2.0)), ((2.0, 4.0), log(2.0)), ((0.5, 2.5), 0.25 * log(2.0)), ((0.0, 2.0), 0.0)],
)
def test_the_value_at_the_optimum_is_minus_log_4_plus_2_jsd_of_uniforms(fake, divergence):
    # A point exactly at an edge would belong to both sides: the midpoints of the shares avoid the edges.
    assert value_at_optimum(uniform(0.0, 2.0), uniform(*fake)) == pytest.approx(-LOG_4 + 2 * divergence, abs=1e-5)


@pytest.mark.parametrize(("data", "fake"), PAIRS)
def test_the_value_at_the_optimum_is_minus_log_4_plus_2_jsd_of_gaussians(data, fake):
    expected = -LOG_4 + 2 * jensen_shannon(data, fake)
    assert expected > -LOG_4 + 0.1
    assert value_at_optimum(data, fake) == pytest.approx(expected, abs=1e-4)


def test_the_value_is_minus_log_4_where_the_samples_are_the_data_and_nowhere_lower():
    assert value_at_optimum(normal(0.0), normal(0.0)) == pytest.approx(-LOG_4, abs=1e-12)
    shifts = np.linspace(-2.0, 2.0, 17)
    values = np.array([value_at_optimum(normal(0.0), normal(float(shift))) for shift in shifts])
    assert shifts[values.argmin()] == 0.0
    assert (np.diff(values[:9]) < 0).all()
    assert (np.diff(values[8:]) > 0).all()
    scales = [value_at_optimum(normal(0.0), normal(0.0, scale)) for scale in (0.5, 0.9, 1.1, 2.0)]
    assert min(scales) > -LOG_4


def test_no_discriminator_does_better_than_the_optimum():
    data, fake = PAIRS[0]
    best = [optimal_logits(points(side), data, fake) for side in (data, fake)]
    for bend in (lambda x: x + 0.1, lambda x: 0.8 * x, lambda x: 1.2 * x, torch.zeros_like):
        assert float(value(*map(bend, best))) < float(value(*best))


@pytest.mark.parametrize("logit", [4.0, 0.0, -2.0, -10.0, -30.0])
@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (minimax_generator_loss, lambda d: -d),
        (non_saturating_generator_loss, lambda d: -(1.0 - d)),
    ],
)
def test_the_generators_gradients_are_those_of_the_formulas(loss, gradient, logit):
    logits = torch.tensor([logit], dtype=torch.float64, requires_grad=True)
    loss(logits).backward()
    assert float(logits.grad) == pytest.approx(float(gradient(torch.sigmoid(logits.detach()))), rel=1e-9)


def test_only_the_minimax_gradient_vanishes_where_the_discriminator_is_sure():
    slopes = {}
    for loss in (minimax_generator_loss, non_saturating_generator_loss):
        logits = torch.full((8,), -20.0, requires_grad=True)
        loss(logits).backward()
        slopes[loss] = float(logits.grad.abs().sum())
    assert slopes[minimax_generator_loss] < 1e-8
    assert slopes[non_saturating_generator_loss] > 0.999


@pytest.mark.parametrize("loss", [minimax_generator_loss, non_saturating_generator_loss])
@pytest.mark.parametrize("start", [-1.0, 0.0, 1.0])
def test_both_generator_losses_have_their_fixed_point_at_the_data(loss, start):
    """G(z) = z + mu against data at 0, with the optimal discriminator of mu."""
    mu = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    samples = points(normal(0.0)) + mu
    loss(optimal_logits(samples, normal(0.0), normal(start))).backward()
    # Descent moves mu towards 0, and leaves it where it is at 0.
    assert np.sign(round(float(mu.grad), 9)) == np.sign(start)


@pytest.mark.parametrize("loss", [minimax_generator_loss, non_saturating_generator_loss])
def test_playing_the_game_brings_the_samples_to_the_data(loss):
    mu = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([mu], lr=0.5)
    z = points(normal(0.0))[::100]
    for _ in range(200):
        optimizer.zero_grad()
        loss(optimal_logits(z + mu, normal(0.0), normal(mu.item()))).backward()
        optimizer.step()
    assert abs(mu.item()) < 1e-3
    assert value_at_optimum(normal(0.0), normal(mu.item())) == pytest.approx(-LOG_4, abs=1e-5)


def test_the_losses_stay_finite_at_the_largest_logits():
    extreme = torch.tensor([-1e4, 1e4])
    for loss in (minimax_generator_loss, non_saturating_generator_loss):
        assert torch.isfinite(loss(extreme))
    assert torch.isfinite(discriminator_loss(extreme, extreme))
