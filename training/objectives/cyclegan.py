"""CycleGAN: two translators, one per direction, learn from unpaired images.

References:
    J.-Y. Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017:
    Equations 1 to 3, section 4 (least squares, the pool, halved D), section 5.2 (the identity loss).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from training.config import CycleganConfig
from training.data import PairBatch, PairSet
from training.data.augment import diff_augment
from training.objectives.noise import excess
from training.objectives.objective import Fabric
from training.objectives.pool import ImagePool
from training.objectives.translation import Direction, Translation, mean_absolute


class _Translated(NamedTuple):
    """The translations of a batch, each (B, 3, H, W)."""

    fake_A: Tensor
    fake_B: Tensor
    rec_A: Tensor
    rec_B: Tensor
    idt_A: Tensor | None
    idt_B: Tensor | None


class Cyclegan(Translation):
    """One step of both translators and one of both discriminators per batch.

    Instance norm treats each image separately, so images for one network are concatenated: fewer, larger operations
    with the same result.
    """

    def __init__(self, config: CycleganConfig, data: PairSet, fabric: Fabric) -> None:
        super().__init__(config, ("A2B", "B2A"), fabric)
        self._cyclegan = config
        self.add_players({"discriminator_A": 3, "discriminator_B": 3}, config.discriminator, len(data))
        self._pools = {name: ImagePool(config.pool_size) for name in ("A", "B")}

    def play(self, batch: PairBatch) -> dict[str, Tensor]:
        """See `Objective.play`; reports each network's adversarial loss, the cycle loss and the identity loss."""
        batch = self._cropped(batch)
        translated = self._translate(batch)
        g_losses = self._train_generators(batch, translated)
        d_losses = self._train_discriminators(batch, translated)
        return g_losses | d_losses

    def phase(self) -> tuple[int, tuple[float, float]] | None:
        """See `Objective.phase`: the side of the crops in px and the weights; None while a pool fills."""
        side = self._side()
        is_filling = not all(pool.is_full(side) for pool in self._pools.values())
        return None if is_filling else (side, self.weights())

    def domains(self, direction: Direction) -> tuple[int, int]:
        """See `Translation.domains`."""
        return (0, 1) if direction == "A2B" else (1, 0)

    def margins(self, losses: Mapping[str, float]) -> dict[str, float]:
        """See `Objective.margins`."""
        return {f"discriminator_{name}": self.margin(losses[f"d_{name}"]) for name in ("A", "B")}

    def state_dict(self) -> dict[str, Any]:
        """See `Objective.state_dict`; includes the pools."""
        return super().state_dict() | {"pools": {name: pool.state_dict() for name, pool in self._pools.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Objective.load_state_dict`."""
        super().load_state_dict(state)
        for name, pool in self._pools.items():
            pool.load_state_dict(state["pools"][name], self.fabric.device)

    def weights(self) -> tuple[float, float]:
        """The weights of the cycle and of the identity at this step; the second is a multiple of the first."""
        config = self._cyclegan
        if self.counters["steps"] < config.late_share * config.total_steps:
            return config.lambda_cycle, config.lambda_cycle * config.lambda_identity
        return config.late_lambda_cycle, config.late_lambda_cycle * config.late_lambda_identity

    def _cropped(self, batch: PairBatch) -> PairBatch:
        """The smaller crops of the first part of a run: the top left corner of each random crop."""
        side = self._side()
        return PairBatch(*(images[..., :side, :side] for images in batch))

    def _side(self) -> int:
        """The side of the crops at this step, in px."""
        config = self._cyclegan
        assert config.images is not None
        is_early = self.counters["steps"] < config.early_share * config.total_steps
        return config.early_crop_px if config.early_crop_px and is_early else config.images.crop_px

    def _translate(self, batch: PairBatch) -> _Translated:
        real_a, real_b = batch
        forth, back = self.networks["generator_A2B"], self.networks["generator_B2A"]
        with self.fabric.autocast():
            if self.weights()[1] == 0.0:
                fake_b, fake_a = forth(real_a), back(real_b)
                return _Translated(fake_a, fake_b, back(fake_b), forth(fake_a), None, None)
            fake_b, idt_b = forth(torch.cat((real_a, real_b))).chunk(2)
            fake_a, idt_a = back(torch.cat((real_b, real_a))).chunk(2)
            return _Translated(fake_a, fake_b, back(fake_b), forth(fake_a), idt_a, idt_b)

    def _train_generators(self, batch: PairBatch, made: _Translated) -> dict[str, Tensor]:
        lambda_cycle, lambda_identity = self.weights()
        discriminators = {name: self.networks[f"discriminator_{name}"].requires_grad_(False) for name in ("A", "B")}
        with self.fabric.autocast():
            logits_a, logits_b = (
                discriminators["A"](self._augment(made.fake_A)),
                discriminators["B"](self._augment(made.fake_B)),
            )
        g_a, g_b = self.game(logits_b, is_real=True), self.game(logits_a, is_real=True)
        cycle = self._cycle(batch, made)
        loss = self._cyclegan.lambda_gan * (g_a + g_b) + lambda_cycle * cycle
        losses = {"g_A2B": g_a.detach(), "g_B2A": g_b.detach(), "cycle": cycle.detach()}
        if made.idt_A is not None and made.idt_B is not None:
            identity = mean_absolute(made.idt_A, batch.real_A) + mean_absolute(made.idt_B, batch.real_B)
            loss, losses = loss + lambda_identity * identity, losses | {"identity": identity.detach()}
        if self._cyclegan.lambda_noise:
            noise = excess(batch.real_B, made.fake_B) + excess(batch.real_A, made.fake_A)
            loss, losses = loss + self._cyclegan.lambda_noise * noise, losses | {"noise": noise.detach()}
        self.descend("generator", loss)
        for discriminator in discriminators.values():
            discriminator.requires_grad_(True)
        return losses

    def _cycle(self, batch: PairBatch, made: _Translated) -> Tensor:
        """Equation 2, or one of its two terms (the ablation of section 5.1.4)."""
        ways = {
            "forward": lambda: mean_absolute(made.rec_A, batch.real_A),
            "backward": lambda: mean_absolute(made.rec_B, batch.real_B),
        }
        if self._cyclegan.cycles == "both":
            return ways["forward"]() + ways["backward"]()
        return ways[self._cyclegan.cycles]()

    def _train_discriminators(self, batch: PairBatch, made: _Translated) -> dict[str, Tensor]:
        losses = {}
        for name, real, fake in (("A", batch.real_A, made.fake_A), ("B", batch.real_B, made.fake_B)):
            shown = self.share(self._pools[name].query(self.gather(fake.detach().float())))
            with self.fabric.autocast():
                both = torch.cat((self._augment(real), self._augment(shown)))
                real_logits, fake_logits = self.networks[f"discriminator_{name}"](both).chunk(2)
            losses[name] = 0.5 * (self.game(real_logits, is_real=True) + self.game(fake_logits, is_real=False))
        self.descend("discriminator", losses["A"] + losses["B"])
        return {f"d_{name}": loss.detach() for name, loss in losses.items()}

    def _augment(self, images: Tensor) -> Tensor:
        return diff_augment(images, self._cyclegan.diffaugment, self.fabric.global_rank, self.fabric.world_size)
