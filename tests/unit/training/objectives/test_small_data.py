"""What helps where data are few: the lazy R1 penalty, and DiffAugment in the steps of both players."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from tests.unit.training.loop.alarm_curves import watch
from tests.unit.training.tiny import CYCLEGAN, FACES
from training import objectives
from training.config import Adam
from training.data import Batch, PairBatch
from training.objectives import cyclegan, gan

PLAIN = replace(FACES, diffaugment=())


@pytest.fixture
def build(loaded, fabric):
    def made(config=PLAIN):
        torch.manual_seed(0)
        return objectives.build(config, loaded(config), fabric)

    return made


@pytest.fixture
def batch():
    images = torch.rand(8, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return Batch(images, torch.zeros(8, dtype=torch.int64))


def first_update_of_a_linear_discriminator(objective, batch):
    """The reported losses and D's update, where D(x) = w x."""
    torch.manual_seed(5)
    linear = nn.Linear(768, 1)
    objective.discriminator = objective.networks["discriminator"] = nn.Sequential(nn.Flatten(), linear)
    updates, losses = watch(objective), objective.step(batch)
    return losses, updates[0], linear.weight.detach()


def test_the_penalty_is_half_gamma_times_the_square_of_the_gradients_norm(build, batch):
    config = replace(PLAIN, r1_gamma=0.3, r1_every_steps=16)
    losses, update, weight = first_update_of_a_linear_discriminator(build(config), batch)
    expected = 16 * 0.5 * 0.3 * float(weight.square().sum())
    assert float(losses["r1"]) == pytest.approx(expected, rel=1e-5)
    assert float(update.loss) == pytest.approx(float(losses["d_loss"]) + expected, rel=1e-5)
    _, without, _ = first_update_of_a_linear_discriminator(build(replace(config, r1_gamma=0.0)), batch)
    added = update.gradients["discriminator"][0] - without.gradients["discriminator"][0]
    assert torch.allclose(added, 16 * 0.3 * weight, atol=1e-6)


@pytest.mark.parametrize("every", [1, 3, 16])
def test_the_penalty_is_added_every_so_many_steps_from_the_first(build, batch, every):
    objective = build(replace(PLAIN, r1_every_steps=every))
    with_penalty = [step for step in range(33) if "r1" in objective.step(batch)]
    assert with_penalty == list(range(0, 33, every))


def test_a_gamma_of_0_turns_the_penalty_off(build, batch):
    assert "r1" not in build(replace(PLAIN, r1_gamma=0.0)).step(batch)


def test_the_penalty_is_computed_at_images_that_d_is_shown(build, batch, monkeypatch):
    asked = []
    monkeypatch.setattr(gan, "gradient_norms", lambda scores, images: asked.append(images) or torch.zeros(len(scores)))
    monkeypatch.setattr(gan, "diff_augment", lambda images, *args: 0.5 * images)
    build(FACES).step(batch)
    (images,) = asked
    assert torch.equal(images, 0.5 * batch.images)


class Watched(nn.Module):
    """A discriminator that writes down what it is shown."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.seen = inner, []

    def forward(self, images):
        self.seen.append(images.detach())
        return self.inner(images)


def test_a_gans_discriminator_never_sees_an_image_as_it_is(build, batch, monkeypatch):
    monkeypatch.setattr(gan, "diff_augment", lambda images, *args: 0.0 * images)
    objective = build(FACES)
    objective.discriminator = Watched(objective.discriminator)
    objective.step(batch)
    assert len(objective.discriminator.seen) == 4  # real and fake, the penalty's, and the generator's
    assert not any(images.any() for images in objective.discriminator.seen)


def test_cyclegans_discriminators_never_see_an_image_as_it_is(build, monkeypatch):
    monkeypatch.setattr(cyclegan, "diff_augment", lambda images, *args: 0.0 * images)
    objective = build(CYCLEGAN)
    discriminators = {name: Watched(objective.networks[name]) for name in ("discriminator_A", "discriminator_B")}
    objective.networks |= discriminators
    objective.step(PairBatch(*(torch.rand(2, 3, 16, 16) for _ in "AB")))
    for discriminator in discriminators.values():
        assert [len(images) for images in discriminator.seen] == [
            2,
            4,
        ]  # the translator's step, then real and fake together
        assert not any(images.any() for images in discriminator.seen)


@pytest.mark.parametrize("config", [FACES, CYCLEGAN], ids=["dcgan", "cyclegan"])
def test_what_a_generator_learns_goes_through_the_augmentation(build, batch, config, monkeypatch):
    """Where all is cut out, the game alone has no gradient left for it."""
    module = gan if config is FACES else cyclegan
    monkeypatch.setattr(module, "diff_augment", lambda images, *args: 0.0 * images)
    without = {"r1_gamma": 0.0} if config is FACES else {"lambda_cycle": 0.0, "late_lambda_cycle": 0.0}
    objective = build(replace(config, **without))
    updates = watch(objective)
    objective.step(batch if config is FACES else PairBatch(*(torch.rand(2, 3, 16, 16) for _ in "AB")))
    (update,) = (update for update in updates if update.name == "generator")
    assert not any(gradient.any() for gradients in update.gradients.values() for gradient in gradients)


def test_without_policies_images_are_shown_as_they_are(build, batch):
    objective = build(PLAIN)
    objective.discriminator = Watched(objective.discriminator)
    objective.step(batch)
    assert torch.equal(objective.discriminator.seen[0], batch.images)


def test_in_turn_a_batch_trains_one_of_both_and_the_generator_begins(build, batch):
    config = replace(PLAIN, alternate=True, total_nimg=6 * PLAIN.batch_size, optimizer=Adam(constant_share=0.0))
    objective = build(config)
    updates = watch(objective)
    for _ in range(6):
        objective.step(batch)
    assert [update.name for update in updates] == ["generator", "discriminator"] * 3
    assert {optimizer.param_groups[0]["lr"] for optimizer in objective.optimizers.values()} == {0.0}


def test_mixed_batches_pass_d_as_one_and_g_learns_from_the_running_statistics(build, batch):
    with_norm = replace(PLAIN.discriminator, batch_norm=True)
    objective = build(replace(PLAIN, mixed_batches=True, r1_gamma=0.0, discriminator=with_norm))
    seen = []
    objective.discriminator.register_forward_pre_hook(
        lambda network, given: seen.append((len(given[0]), network.training))
    )
    objective.step(batch)
    assert seen == [(16, True), (8, False)]
    assert objective.discriminator.training


def test_without_batch_norm_it_is_all_one_whether_batches_are_mixed(build, batch):
    plain, mixed = (build(replace(PLAIN, mixed_batches=value)) for value in (False, True))
    reported = []
    for objective in (plain, mixed):
        torch.manual_seed(3)
        reported.append(objective.step(batch))
    for name, value in reported[0].items():
        assert float(reported[1][name]) == pytest.approx(float(value), rel=1e-4), name
