"""Snapshots: the critic's own estimate beside an independent distance of the same samples."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from tests.unit.training.tiny import BATCH_NORM, DCGAN, FACES, WGAN, WGAN_GP
from training import objectives
from training.evaluate import agreement
from training.evaluate.critic_estimate import Estimator, steps
from training.evaluate.protocol import Protocol
from training.objectives.gan import value
from training.objectives.wgan import distance


def test_a_wgan_takes_at_least_24_snapshots_from_step_100_to_its_end():
    found = sorted(steps(replace(WGAN, snapshots=24, total_nimg=30_000 * 32)))
    assert len(found) >= 24
    assert (found[0], found[-1]) == (100, 30_000)
    ratios = [after / before for before, after in pairwise(found)]
    assert max(ratios) < 1.1 * min(ratios)


def test_a_short_run_takes_none():
    assert steps(replace(WGAN, total_nimg=999 * 32), Protocol()) == frozenset()
    assert len(steps(replace(WGAN, total_nimg=1_000 * 32), Protocol())) == WGAN.snapshots


def test_a_short_run_takes_those_that_it_has():
    assert steps(replace(WGAN, snapshots=24)) == frozenset(range(1, 21))
    assert steps(replace(WGAN, snapshots=0)) == frozenset()
    assert steps(DCGAN) == frozenset()


def test_a_run_keeps_its_snapshots_and_a_resumed_one_too(start, tmp_path):
    trainer = start(WGAN_GP)
    trainer.train()
    found = [json.loads(line) for line in (tmp_path / "run" / "snapshots.jsonl").read_text().splitlines()]
    assert [line["step"] for line in found] == sorted(steps(WGAN_GP))
    assert all({"estimate", "frechet_distance"} < set(line) for line in found)
    start(replace(WGAN_GP), again=True).train()
    again = [json.loads(line) for line in (tmp_path / "run" / "snapshots.jsonl").read_text().splitlines()]
    assert again == found


@pytest.mark.parametrize("config", [BATCH_NORM, DCGAN, WGAN, WGAN_GP, FACES], ids=lambda config: config.method)
def test_the_estimate_is_of_the_critic_and_generator_as_they_train(config, loaded, fabric):
    images = loaded(config)
    objective = objectives.build(config, images, fabric)
    before = {name: [t.clone() for t in net.state_dict().values()] for name, net in objective.networks.items()}
    estimator = Estimator(config, images)
    found = estimator.measure(objective, seed=3)
    assert estimator.measure(objective, seed=3) == found
    assert estimator.measure(objective, seed=4) != found
    for name, network in objective.networks.items():
        assert all(torch.equal(a, b) for a, b in zip(before[name], network.state_dict().values(), strict=True))


def test_each_critic_has_its_own_estimate(loaded, fabric):
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.5, -0.5])
    critic = objectives.build(WGAN_GP, loaded(WGAN_GP), fabric)
    assert critic.estimate(real, fake) == distance(real, fake) == 2.0
    gan = objectives.build(BATCH_NORM, loaded(BATCH_NORM), fabric)
    assert torch.isclose(gan.estimate(real, fake), 0.5 * value(real, fake) + torch.tensor(2.0).log())
    # No better than chance: no divergence.
    assert torch.isclose(gan.estimate(torch.zeros(2), torch.zeros(2)), torch.tensor(0.0), atol=1e-7)


def test_rho_is_reported_with_its_interval(loaded, fabric):
    objective = objectives.build(WGAN_GP, loaded(WGAN_GP), fabric)
    falling = [{"step": 100 * i, "estimate": 30.0 - i, "frechet_distance": 60.0 - 2 * i} for i in range(1, 25)]
    (found,) = agreement(falling, objective)
    assert found.value == pytest.approx(1.0)
    assert "the critic's estimate of the earth mover's distance" in found.protocol
    assert "24 snapshots from step 100 to 2,400" in found.protocol
    assert "95% bootstrap interval" in found.protocol
    assert agreement(falling[:5], objective) == agreement([], objective) == []
