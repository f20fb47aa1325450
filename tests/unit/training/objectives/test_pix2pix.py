"""Pix2pix's step: who learns what from which images."""

from dataclasses import replace

import pytest
import torch

from tests.builders import digest
from tests.unit.training.loop.alarm_curves import watch
from tests.unit.training.tiny import PIX2PIX
from training import objectives
from training.config import UnetGenerator
from training.data import PairBatch
from training.objectives.translation import adversarial_loss

PLAIN = replace(PIX2PIX, generator=UnetGenerator(ngf=4, depth=4, dropout=0.0))


@pytest.fixture
def build(loaded, fabric):
    def made(config=PLAIN):
        torch.manual_seed(0)
        return objectives.build(config, loaded(config), fabric)

    return made


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    return PairBatch(*(torch.rand(2, 3, 16, 16, generator=generator) * 2 - 1 for _ in "AB"))


@pytest.mark.parametrize(("direction", "name"), [("AtoB", "generator_A2B"), ("BtoA", "generator_B2A")])
@pytest.mark.parametrize("kind", ["bce", "lsgan"])
def test_both_players_descend_their_own_part_of_the_game(build, batch, direction, name, kind):
    config = replace(PLAIN, direction=direction, loss=kind, lambda_l1=20.0, lambda_gan=2.0)
    objective = build(config)
    source, target = batch if direction == "AtoB" else (batch.real_B, batch.real_A)

    def reckon(player):
        with torch.no_grad():
            fake = objective.networks[name](source)
            discriminator = objective.networks["discriminator"]
            real_logits, fake_logits = (discriminator(torch.cat((source, shown), dim=1)) for shown in (target, fake))
            if player == "discriminator":
                parts = (adversarial_loss(kind, real_logits, True), adversarial_loss(kind, fake_logits, False))
                return 0.5 * sum(parts)
            return 20.0 * (fake - target).abs().mean() + 2.0 * adversarial_loss(kind, fake_logits, True)

    updates = watch(objective, reckon)
    objective.step(batch)
    assert [update.name for update in updates] == ["discriminator", "generator"]
    for update, player in zip(updates, ("discriminator", name), strict=True):
        assert float(update.loss) == pytest.approx(float(update.expected), rel=1e-4)
        assert set(update.gradients) == update.moved == {player}
    assert all(p.requires_grad for network in objective.networks.values() for p in network.parameters())


def test_what_is_reported_is_finite_and_detached(build, batch):
    losses = build(PIX2PIX).step(batch)
    assert set(losses) == {"d_loss", "d_real", "d_fake", "g_l1", "g_loss"}
    assert all(torch.isfinite(number) and not number.requires_grad for number in losses.values())


def test_without_the_game_l1_alone_is_descended_and_d_stands_still(build, batch):
    objective = build(replace(PLAIN, lambda_gan=0.0, lambda_l1=3.0))
    before = digest(objective.networks["discriminator"].state_dict())
    updates = watch(objective)
    losses = objective.step(batch)
    assert set(losses) == {"g_l1"}
    (update,) = updates
    assert (update.name, update.moved) == ("generator", {"generator_B2A"})
    assert float(update.loss) == pytest.approx(3.0 * float(losses["g_l1"]))
    assert digest(objective.networks["discriminator"].state_dict()) == before


def test_the_translator_learns_what_the_pairs_show(build, batch):
    fast = replace(PLAIN.optimizer, lr=0.01, constant_share=1.0)
    objective = build(replace(PLAIN, lambda_gan=0.0, optimizer=fast, total_nimg=120))
    pairs = PairBatch(-batch.real_B, batch.real_B)
    found = [float(objective.step(pairs)["g_l1"]) for _ in range(60)]
    assert found[-1] < 0.5 * found[0]


def test_the_finished_translator_is_the_averaged_one_without_dropout(build, batch):
    objective = build(replace(PIX2PIX, ema_decay=0.5))
    for _ in range(3):
        objective.step(batch)
    finished = objective.finished("B2A")
    averaged = objective.averages["generator_B2A"].module
    assert digest(finished.state_dict()) == digest(averaged.state_dict())
    assert digest(finished.state_dict()) != digest(objective.networks["generator_B2A"].state_dict())
    assert not any(part.training for part in finished.modules())
    assert torch.equal(finished(batch.real_B), finished(batch.real_B))
    assert all(part.training for part in objective.networks["generator_B2A"].modules())
    raw = build(replace(PIX2PIX, ema_decay=0.0))
    assert digest(raw.finished("B2A").state_dict()) == digest(raw.networks["generator_B2A"].state_dict())


@pytest.mark.parametrize("other", [{"direction": "AtoB"}, {"ema_decay": 0.0}])
def test_a_state_of_other_networks_is_refused(build, other):
    with pytest.raises(ValueError, match="the checkpoint's"):
        build(replace(PLAIN, **other)).load_state_dict(build().state_dict())
