"""CycleGAN's step: both games, the cycle, the identity, and the pool."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.unit.training.loop.alarm_curves import watch
from tests.unit.training.tiny import CYCLEGAN
from training import objectives
from training.data import PairBatch
from training.objectives import cyclegan
from training.objectives.translation import adversarial_loss

PLAIN = replace(CYCLEGAN, diffaugment=(), pool_size=0, late_share=1.0)
PLAYERS = {
    "generator": ("generator_A2B", "generator_B2A"),
    "discriminator": ("discriminator_A", "discriminator_B"),
}


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


def losses_by_hand(objective, batch, config):
    """Equations 1 to 3 of the paper and its identity loss, each image through each network by itself."""
    real_a, real_b = batch
    forth, back = objective.networks["generator_A2B"], objective.networks["generator_B2A"]
    discriminator_a, discriminator_b = objective.networks["discriminator_A"], objective.networks["discriminator_B"]
    fake_a, fake_b = back(real_b), forth(real_a)

    def game(logits, is_real):
        return adversarial_loss(config.loss, logits, is_real)

    forward, backward = (back(fake_b) - real_a).abs().mean(), (forth(fake_a) - real_b).abs().mean()
    cycle = {"both": forward + backward, "forward": forward, "backward": backward}[config.cycles]
    identity = (back(real_a) - real_a).abs().mean() + (forth(real_b) - real_b).abs().mean()
    generator = config.lambda_gan * (game(discriminator_b(fake_b), True) + game(discriminator_a(fake_a), True))
    generator = generator + config.lambda_cycle * (cycle + config.lambda_identity * identity)
    discriminator = game(discriminator_a(real_a), True) + game(discriminator_a(fake_a.detach()), False)
    discriminator = discriminator + game(discriminator_b(real_b), True) + game(discriminator_b(fake_b.detach()), False)
    return {"generator": generator, "discriminator": 0.5 * discriminator}


@pytest.mark.parametrize(
    "config",
    [
        PLAIN,
        replace(PLAIN, lambda_identity=0.0),
        replace(PLAIN, loss="bce", lambda_cycle=3.0),
        replace(PLAIN, cycles="forward"),
        replace(PLAIN, cycles="backward", lambda_gan=0.5),
    ],
    ids=["lsgan", "no identity", "bce", "forward cycle", "backward cycle"],
)
def test_images_that_go_through_a_network_together_give_the_gradients_of_separate_passes(build, batch, config):
    objective = build(config)
    expected = {}
    for name, loss in losses_by_hand(objective, batch, config).items():
        weights = [p for key in PLAYERS[name] for p in objective.networks[key].parameters()]
        expected[name] = loss.detach(), torch.autograd.grad(loss, weights, retain_graph=True)
    updates = watch(objective)
    objective.step(batch)
    assert [update.name for update in updates] == ["generator", "discriminator"]
    for update in updates:
        loss, gradients = expected[update.name]
        assert float(update.loss) == pytest.approx(float(loss), rel=1e-5)
        assert set(update.gradients) == update.moved == set(PLAYERS[update.name])
        found = [gradient for name in PLAYERS[update.name] for gradient in update.gradients[name]]
        for one, other in zip(found, gradients, strict=True):
            assert torch.allclose(one, other, atol=1e-6 + 1e-4 * float(other.abs().max()))
    assert all(p.requires_grad for network in objective.networks.values() for p in network.parameters())


@pytest.mark.parametrize("options", [{}, {"lambda_identity": 0.0}, {"diffaugment": ("color",), "pool_size": 3}])
def test_what_is_reported_is_finite_and_detached(build, batch, options):
    losses = build(replace(PLAIN, **options)).step(batch)
    names = {"g_A2B", "g_B2A", "d_A", "d_B", "cycle", "identity"}
    assert set(losses) == (names - {"identity"} if "lambda_identity" in options else names)
    assert all(torch.isfinite(number) and not number.requires_grad for number in losses.values())


class Scaled(nn.Module):
    """scale x, with a weight that does nothing."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale, self.weight = scale, nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.scale * x + self.weight


@pytest.mark.parametrize(("forth", "back", "cycle", "identity"), [(1, 1, 0, 0), (-1, -1, 0, 4), (2, 1, 2, 1)])
def test_the_cycle_is_what_changes_there_and_back_and_the_identity_what_changes_once(
    build, forth, back, cycle, identity
):
    objective = build(replace(PLAIN, ema_decay=0.0))
    objective.networks |= {"generator_A2B": Scaled(forth), "generator_B2A": Scaled(back)}
    signs = torch.ones(2, 3, 16, 16)
    signs[:, :, ::2] = -1.0
    losses = objective.step(PairBatch(signs, -signs))  # each pixel has the distance 1 from grey
    assert float(losses["cycle"]) == pytest.approx(cycle)
    assert float(losses["identity"]) == pytest.approx(identity)


def test_the_late_weights_hold_after_their_share_of_the_run(build, batch):
    config = replace(
        PLAIN, total_nimg=8, late_share=0.5, late_lambda_cycle=2.0, late_lambda_identity=0.0, lambda_identity=0.5
    )
    objective = build(config)
    updates = watch(objective)
    for step in range(4):
        losses = objective.step(batch)
        weighted = float(losses["g_A2B"] + losses["g_B2A"])
        if step < 2:
            weighted += 10.0 * float(losses["cycle"]) + 5.0 * float(losses["identity"])
        else:
            assert "identity" not in losses
            weighted += 2.0 * float(losses["cycle"])
        (update,) = (update for update in updates[-2:] if update.name == "generator")
        assert float(update.loss) == pytest.approx(weighted, rel=1e-5)


def test_early_steps_see_smaller_crops_which_the_pool_then_forgets(build, batch):
    config = replace(PLAIN, total_nimg=8, early_crop_px=8, early_share=0.5, pool_size=4)
    objective, sides = build(config), []
    objective.networks["generator_A2B"].register_forward_pre_hook(lambda _, given: sides.append(given[0].shape[2]))
    for side in (8, 8, 16, 16):
        sides.clear()
        objective.step(batch)
        assert {*sides} == {side}
        pools = objective.state_dict()["pools"]
        assert {image.shape[1] for pool in pools.values() for image in pool["images"]} == {side}


def test_each_discriminator_has_a_pool_of_its_own_domain(build, batch):
    objective = build(replace(PLAIN, pool_size=4))
    objective.step(batch)
    pools = objective.state_dict()["pools"]
    assert {name: len(pool["images"]) for name, pool in pools.items()} == {"A": 2, "B": 2}
    torch.manual_seed(0)
    again = build(replace(PLAIN, pool_size=4))
    with torch.no_grad():
        fakes = {"A": again.networks["generator_B2A"](batch.real_B), "B": again.networks["generator_A2B"](batch.real_A)}
    for name, fake in fakes.items():
        assert torch.allclose(torch.stack(pools[name]["images"]), fake, atol=1e-6)


def test_a_discriminator_is_shown_what_the_pool_gives(build, batch, monkeypatch):
    past = torch.full((2, 3, 16, 16), 0.5)
    monkeypatch.setattr(cyclegan.ImagePool, "query", lambda self, images: past)
    objective = build()
    discriminator = objective.networks["discriminator_A"]
    with torch.no_grad():
        expected = 0.5 * (adversarial_loss("lsgan", discriminator(batch.real_A), True) +
                          adversarial_loss("lsgan", discriminator(past), False))  # fmt: skip
    assert float(objective.step(batch)["d_A"]) == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize(("direction", "domains"), [("A2B", (0, 1)), ("B2A", (1, 0))])
def test_directions_lead_from_one_domain_to_the_other(build, direction, domains):
    objective = build()
    assert objective.directions == ("A2B", "B2A")
    assert objective.domains(direction) == domains
    assert objective.multiple == 4
