"""Pix2pix: a translator that learns from aligned pairs.

References:
    P. Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017: Equations 1 to 4,
    section 3.3 (D's loss is halved, so that it learns more slowly than G).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from training.config import Pix2pixConfig
from training.data import PairBatch, PairSet
from training.objectives.objective import Fabric
from training.objectives.translation import Direction, Translation, mean_absolute


class Pix2pix(Translation):
    """One step of D, which sees input and output side by side, and one of G per batch."""

    def __init__(self, config: Pix2pixConfig, data: PairSet, fabric: Fabric) -> None:
        super().__init__(config, ("A2B",) if config.direction == "AtoB" else ("B2A",), fabric)
        self._lambda_l1, self._lambda_gan = config.lambda_l1, config.lambda_gan
        self.add_players({"discriminator": 6}, config.discriminator, len(data))

    def play(self, batch: PairBatch) -> dict[str, Tensor]:
        """See `Objective.play`; reports both adversarial losses and the L1 distance to the target."""
        (direction,) = self.directions
        source, target = (batch[domain] for domain in self.domains(direction))
        with self.fabric.autocast():
            fake: Tensor = self.networks[f"generator_{direction}"](source)
        losses = self._train_discriminator(source, target, fake.detach()) if self._lambda_gan else {}
        return losses | self._train_generator(source, target, fake)

    def domains(self, direction: Direction) -> tuple[int, int]:
        """See `Translation.domains`."""
        return (0, 1) if direction == "A2B" else (1, 0)

    def margins(self, losses: Mapping[str, float]) -> dict[str, float]:
        """See `Objective.margins`; empty without an adversarial loss."""
        return {"discriminator": self.margin(losses["d_loss"])} if "d_loss" in losses else {}

    def _train_discriminator(self, source: Tensor, target: Tensor, fake: Tensor) -> dict[str, Tensor]:
        pairs = torch.cat((torch.cat((source, target), dim=1), torch.cat((source, fake.to(source.dtype)), dim=1)))
        with self.fabric.autocast():
            real_logits, fake_logits = self.networks["discriminator"](pairs).chunk(2)
        loss = 0.5 * (self.game(real_logits, is_real=True) + self.game(fake_logits, is_real=False))
        self.descend("discriminator", loss)
        return {
            "d_loss": loss.detach(),
            "d_real": real_logits.detach().float().mean(),
            "d_fake": fake_logits.detach().float().mean(),
        }

    def _train_generator(self, source: Tensor, target: Tensor, fake: Tensor) -> dict[str, Tensor]:
        discriminator = self.networks["discriminator"].requires_grad_(False)
        l1 = mean_absolute(fake, target)
        loss, losses = self._lambda_l1 * l1, {"g_l1": l1.detach()}
        if self._lambda_gan:
            with self.fabric.autocast():
                logits = discriminator(torch.cat((source, fake.to(source.dtype)), dim=1))
            g_loss = self.game(logits, is_real=True)
            loss, losses = loss + self._lambda_gan * g_loss, losses | {"g_loss": g_loss.detach()}
        self.descend("generator", loss)
        discriminator.requires_grad_(True)
        return losses
