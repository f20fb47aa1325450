"""The two-player game of Goodfellow et al. (2014).

References:
    I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014: Equation 1 (the value), Algorithm 1 (the
    order of the steps), section 3 (the non-saturating loss), Proposition 1 and Theorem 1 (the optimum).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import GanConfig
from training.data import ImageSet
from training.networks.mlp import Discriminator, Generator
from training.objectives import optimizers
from training.objectives.objective import Fabric, Objective


def value(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """V(D, G) = E log D(x) + E log(1 - D(G(z))), Equation 1.

    Args:
        real_logits: logits of D on data, any shape; D = sigmoid(logits).
        fake_logits: logits of D on samples, any shape.

    Returns:
        A scalar, at most 0; -log 4 at the optimum, where p_g = p_data.
    """
    return F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean()


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-V(D, G): what D descends."""
    return -value(real_logits, fake_logits)


def minimax_generator_loss(fake_logits: Tensor) -> Tensor:
    """E log(1 - D(G(z))): the generator's part of Equation 1. Its gradient vanishes as D(G(z)) goes to 0."""
    return F.logsigmoid(-fake_logits).mean()


def non_saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """-E log D(G(z)), section 3: the same fixed point, with a gradient that stays large where D is sure."""
    return -F.logsigmoid(fake_logits).mean()


_GENERATOR_LOSSES = {"minimax": minimax_generator_loss, "non-saturating": non_saturating_generator_loss}


class Gan(Objective):
    """One step of D and one of G a batch: Algorithm 1 with k = 1."""

    def __init__(self, config: GanConfig, data: ImageSet, fabric: Fabric) -> None:
        super().__init__(fabric)
        self._config = config
        self._generator_loss = _GENERATOR_LOSSES[config.loss]
        self._generator = Generator(config.generator, data.shape)
        self._discriminator = Discriminator(config.discriminator, data.shape)
        if config.generator.bias_from_marginals:
            self._generator.set_output_bias(data.images.float().mean(0).cpu() / 127.5 - 1.0)
        self.networks = {"generator": self._generator, "discriminator": self._discriminator}
        for name, network in self.networks.items():
            network.to(fabric.device)
            self.optimizers[name], self.schedulers[name] = optimizers.build(
                config.optimizer, network.parameters(), config.total_steps, len(data) // config.batch_size
            )
        self.average("generator", config.ema_decay)

    def step(self, batch: Tensor) -> dict[str, Tensor]:
        """See `Objective.step`; reports the losses of both and the mean D(x) and D(G(z))."""
        with self.fabric.autocast():
            fakes = self._generator(self.share(self._draw(len(batch) * self.fabric.world_size)))
            real_logits, fake_logits = self._discriminator(batch), self._discriminator(fakes.detach())
        d_loss = discriminator_loss(real_logits.float(), fake_logits.float())
        self.descend("discriminator", d_loss)
        # G learns from the D that has just moved, on the same fakes: one pass through G serves both.
        self._discriminator.requires_grad_(False)
        with self.fabric.autocast():
            fake_logits_after = self._discriminator(fakes)
        g_loss = self._generator_loss(fake_logits_after.float())
        self.descend("generator", g_loss)
        self._discriminator.requires_grad_(True)
        return {
            "d_loss": d_loss.detach(),
            "g_loss": g_loss.detach(),
            "d_real": torch.sigmoid(real_logits.detach().float()).mean(),
            "d_fake": torch.sigmoid(fake_logits.detach().float()).mean(),
        }

    def latents(self, count: int, generator: torch.Generator) -> Tensor:
        """See `Objective.latents`."""
        return self._draw(count, generator)

    def _draw(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        shape = (count, self._config.generator.z_dim)
        # On the CPU even for a GPU, so that a run's latents do not depend on the device; they are small.
        if self._config.latent_distribution == "normal":
            return torch.randn(shape, generator=generator).to(self.fabric.device)
        return torch.rand(shape, generator=generator).mul(2.0).sub(1.0).to(self.fabric.device)
