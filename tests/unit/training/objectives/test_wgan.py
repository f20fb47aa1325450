"""The Wasserstein objectives: the estimate, the clip, the penalty, and who trains when."""

from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from tests.unit.training.tiny import WGAN, WGAN_GP
from training import objectives
from training.config import Adam, ConvDiscriminator, validated
from training.config.recipes import RECIPES
from training.objectives.gradients import gradient_norms
from training.objectives.wgan import critic_steps, distance, generator_updates


@pytest.fixture
def build(train_set):
    def made(config):
        torch.manual_seed(0)
        return objectives.build(config, train_set, Fabric(accelerator="cpu", devices=1, precision="32-true"))

    return made


@pytest.fixture
def batch(train_set):
    return train_set.batch(torch.arange(32))


def test_the_estimate_of_a_shift_is_the_shift_for_the_best_critic():
    # The earth mover's distance of N(0, 1) and N(3, 1) is 3, and f(x) = -x is an optimal 1-Lipschitz critic.
    points = torch.distributions.Normal(0.0, 1.0).icdf((torch.arange(10_000) + 0.5) / 10_000)
    assert float(distance(-points, -(points + 3.0))) == pytest.approx(3.0, abs=1e-4)
    assert float(distance(points, points)) == 0.0


def test_the_gradient_norm_of_a_linear_critic_is_the_norm_of_its_weights():
    critic = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    images = torch.randn(5, 3, 2, 2, requires_grad=True)
    norms = gradient_norms(critic(images), images)
    assert torch.allclose(norms, critic[1].weight.norm().expand(5))


@pytest.mark.parametrize(("scale", "penalty"), [(1.0, 0.0), (3.0, 40.0), (0.0, 10.0)])
def test_the_penalty_is_lambda_times_the_square_of_the_norm_less_1(build, scale, penalty):
    objective = build(WGAN_GP)
    linear = nn.Sequential(nn.Flatten(), nn.Linear(784, 1, bias=False))
    linear[1].weight.data = scale * nn.functional.normalize(torch.ones(1, 784))
    objective.discriminator = linear
    found = objective.regulariser(torch.randn(4, 1, 28, 28), torch.randn(4, 1, 28, 28), ())
    assert float(found["penalty"].detach()) == pytest.approx(penalty, abs=1e-3)


def test_every_weight_of_the_critic_is_clipped_from_the_start_and_after_each_step(build, batch):
    objective = build(replace(WGAN, optimizer=type(WGAN.optimizer)(lr=0.05)))
    for _ in range(3):
        assert all(float(p.detach().abs().max()) <= WGAN.clip_value for p in objective.discriminator.parameters())
        objective.step(batch)
    # BatchNorm's gamma too, which starts at 1: that is what the paper's code does.
    assert float(objective.discriminator.norms[1].weight.detach().max()) <= WGAN.clip_value


def generator_steps(objective, batch, count):
    """At which steps, from 1, the generator moved."""
    moved = []
    for step in range(1, count + 1):
        before = objective.counters["generator_steps"]
        weights = [p.clone() for p in objective.generator.parameters()]
        objective.step(batch)
        after = objective.counters["generator_steps"]
        changed = any(not torch.equal(a, b) for a, b in zip(weights, objective.generator.parameters(), strict=True))
        assert changed == (after > before)
        if changed:
            moved.append(step)
    return moved


def test_the_generator_moves_after_n_critic_steps_and_after_more_at_the_start(build, batch):
    # 4 critic steps before the first generator step, then 3 each, and 4 before every 500th.
    assert generator_steps(build(WGAN), batch, 14) == [4, 7, 10, 13]
    assert generator_steps(build(WGAN_GP), batch, 6) == [2, 4, 6]


def test_the_published_schedule_is_100_for_the_first_25_and_every_500th():
    config = RECIPES["wgan-fashion"].config
    steps = [critic_steps(config, done) for done in (0, 24, 25, 499, 500, 501, 1000)]
    assert steps == [100, 100, 5, 5, 100, 5, 100]
    assert generator_updates(config) == 20_000


@pytest.mark.parametrize("config", [WGAN, WGAN_GP], ids=lambda config: config.method)
def test_both_learning_rates_reach_zero_at_the_end_of_the_run(build, batch, config):
    config = replace(config, total_nimg=14 * config.batch_size, optimizer=Adam(constant_share=0.0))
    objective = build(config)
    for _ in range(config.total_steps):
        objective.step(batch)
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in objective.optimizers.items()}
    assert rates == {"generator": 0.0, "critic": 0.0}


def test_a_critic_with_batch_norm_is_refused_where_the_penalty_is_on_single_images():
    with pytest.raises(ValueError, match="batch_norm must be off"):
        validated(replace(WGAN_GP, critic=ConvDiscriminator(widths=(4, 8))))


@pytest.mark.parametrize(
    "config",
    [replace(WGAN, n_critic_warm=1_000), replace(WGAN_GP, n_critic=1_000)],
    ids=["wgan", "wgan-gp"],
)
def test_the_critic_learns_to_tell_data_from_samples(build, batch, config):
    objective = build(config)
    estimates = [float(objective.step(batch)["distance"]) for _ in range(12)]
    assert estimates[-1] > estimates[0]
