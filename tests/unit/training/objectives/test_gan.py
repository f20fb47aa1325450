import random
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.builders import digest
from tests.unit.training.tiny import BATCH_NORM, TINY
from training import objectives
from training.config import Adam
from training.objectives.gan import minimax_generator_loss, non_saturating_generator_loss


@pytest.fixture
def build(train_set, fabric):
    """Makes the objective of a configuration, always from the same start."""

    def make(config=TINY):
        torch.manual_seed(0)
        return objectives.build(config, train_set, fabric)

    return make


@pytest.fixture
def batch(train_set):
    return train_set.batch(torch.arange(32))


@pytest.mark.parametrize("config", [TINY, BATCH_NORM], ids=["sgd", "adam and batch norm"])
@pytest.mark.parametrize("loss", ["non-saturating", "minimax"])
def test_a_step_moves_both_networks_and_reports_finite_numbers(build, batch, config, loss):
    objective = build(replace(config, loss=loss))
    before = deepcopy(objective.networks)
    for _ in range(4):
        losses = objective.step(batch)
    assert set(losses) == {"d_loss", "g_loss", "d_real", "d_fake"}
    assert all(torch.isfinite(number) and not number.requires_grad for number in losses.values())
    for name, network in objective.networks.items():
        for (key, now), then in zip(network.named_parameters(), before[name].parameters(), strict=True):
            # A bias before BatchNorm has no gradient but rounding.
            assert not torch.equal(now, then) or "bias" in key, (name, key)


@pytest.mark.parametrize(
    ("loss", "function"),
    [("minimax", minimax_generator_loss), ("non-saturating", non_saturating_generator_loss)],
)
def test_the_configured_loss_is_the_one_that_the_generator_descends(build, batch, loss, function):
    """At D = 1/2 the losses are log 1/2 and -log 1/2: their signs tell them apart."""
    losses = build(replace(TINY, loss=loss)).step(batch)
    assert float(losses["g_loss"]) == pytest.approx(float(function(torch.zeros(1))), abs=0.02)
    assert float(losses["d_loss"]) == pytest.approx(np.log(4), abs=0.02)


@pytest.mark.parametrize("loss", ["non-saturating", "minimax"])
def test_a_generators_step_leaves_the_discriminator_alone(build, batch, loss):
    objective = build(replace(TINY, loss=loss))
    after_d = []
    descend = objective.descend

    def watched(name, loss):
        if name == "generator":
            after_d.append(digest(objective.networks["discriminator"].state_dict()))
        descend(name, loss)

    objective.descend = watched
    objective.step(batch)
    assert after_d == [digest(objective.networks["discriminator"].state_dict())]
    assert all(p.requires_grad for p in objective.networks["discriminator"].parameters())


def test_a_discriminator_against_a_still_generator_learns_to_tell_them_apart(build, train_set):
    discriminator = replace(TINY.discriminator, init_range=0.05, dropout_input=0.0, dropout_hidden=0.0)
    config = replace(TINY, optimizer=Adam(lr=5e-3), discriminator=discriminator)
    objective = build(config)
    descend = objective.descend
    objective.descend = lambda name, loss: descend(name, loss) if name == "discriminator" else None
    for step in range(100):
        losses = objective.step(train_set.batch(torch.arange(32) + 32 * (step % 8)))
    assert losses["d_real"] > 0.8
    assert losses["d_fake"] < 0.2


def test_the_first_image_is_the_datas_mean(build, train_set):
    generator = build().networks["generator"]
    mean = train_set.images.float().mean(0) / 127.5 - 1.0
    assert torch.allclose(generator(torch.zeros(1, 8))[0], mean, atol=5e-3)


def test_the_average_follows_its_formula(build, batch):
    objective = build(replace(TINY, ema_decay=0.75))
    weights = list(objective.networks["generator"].parameters())
    objective.step(batch)
    expected = [weight.detach().clone() for weight in weights]
    for _ in range(5):
        objective.step(batch)
        expected = [0.75 * mean + 0.25 * now.detach() for mean, now in zip(expected, weights, strict=True)]
    averaged = objective.finished_generator().parameters()
    for mean, by_hand in zip(averaged, expected, strict=True):
        assert torch.allclose(mean, by_hand, atol=1e-6)


def test_without_averaging_the_finished_generator_is_the_trained_one(build, batch):
    objective = build(replace(TINY, ema_decay=0.0))
    objective.step(batch)
    finished = objective.finished_generator()
    assert objective.averages == {}
    assert digest(finished.state_dict()) == digest(objective.networks["generator"].state_dict())
    assert finished is not objective.networks["generator"]


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_batch_norm_statistics_are_those_of_the_averaged_weights(build, batch, distribution):
    objective = build(replace(BATCH_NORM, latent_distribution=distribution))
    for _ in range(5):
        objective.step(batch)
    finished = objective.finished_generator()
    layers = finished.layers
    norm = layers[3]
    rows = torch.randn(50_000, 8) if distribution == "normal" else 2.0 * torch.rand(50_000, 8) - 1.0
    with torch.no_grad():
        inputs = layers[:3](rows)
    assert torch.allclose(norm.running_mean, inputs.mean(0), atol=0.02)
    assert torch.allclose(norm.running_var, inputs.var(0), rtol=0.05)
    assert not torch.allclose(norm.running_var, objective.networks["generator"].layers[3].running_var, rtol=0.05)


@pytest.mark.parametrize("config", [TINY, BATCH_NORM])
def test_finishing_a_generator_changes_nothing_of_the_training(build, batch, config):
    objective = build(config)
    objective.step(batch)
    state = digest(objective.state_dict())
    numbers = [digest(torch.get_rng_state()), random.getstate(), digest(np.random.get_state()[1])]  # noqa: NPY002  # the generator that a checkpoint keeps
    finished = objective.finished_generator()
    assert not finished.training
    assert not any(p.requires_grad for p in finished.parameters())
    assert all(part.training for network in objective.networks.values() for part in network.modules())
    assert digest(objective.state_dict()) == state
    assert [digest(torch.get_rng_state()), random.getstate(), digest(np.random.get_state()[1])] == numbers  # noqa: NPY002  # the generator that a checkpoint keeps


def test_a_finished_generator_is_the_same_every_time(build, batch):
    objective = build(BATCH_NORM)
    objective.step(batch)
    assert digest(objective.finished_generator().state_dict()) == digest(objective.finished_generator().state_dict())


@pytest.mark.parametrize(("distribution", "low", "high"), [("normal", -9.0, 9.0), ("uniform", -1.0, 1.0)])
def test_latents_have_the_configured_distribution(build, distribution, low, high):
    drawn = build(replace(TINY, latent_distribution=distribution)).latents(5_000, torch.Generator().manual_seed(1))
    assert drawn.shape == (5_000, 8)
    assert low <= drawn.min() < drawn.max() <= high
    assert abs(float(drawn.mean())) < 0.02
    assert float(drawn.std()) == pytest.approx(1.0 if distribution == "normal" else 3**-0.5, rel=0.02)


@pytest.mark.parametrize("part", ["networks", "optimizers", "schedulers", "averages"])
def test_the_state_holds_every_part_and_refuses_another_set_of_them(build, part):
    objective = build()
    state = objective.state_dict()
    assert state[part]
    state[part] = {"critic": {}}
    with pytest.raises(ValueError, match=rf"the checkpoint's {part} are \['critic'\]"):
        objective.load_state_dict(state)
