"""The adversarial game of Goodfellow et al. (2014).

References:
    I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014: Equation 1 (the value), Algorithm 1 (the
    order of the steps), section 3 (the non-saturating loss), Proposition 1 and Theorem 1 (the optimum).
"""

from collections.abc import Mapping
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import DcganConfig, GanConfig
from training.data import Batch, ImageSet
from training.data.augment import diff_augment
from training.objectives.generative import Generative
from training.objectives.gradients import gradient_norms
from training.objectives.objective import Fabric


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
    """-V(D, G), which D minimises."""
    return -value(real_logits, fake_logits)


def minimax_generator_loss(fake_logits: Tensor) -> Tensor:
    """E log(1 - D(G(z))): the generator's part of Equation 1. Its gradient vanishes as D(G(z)) goes to 0."""
    return F.logsigmoid(-fake_logits).mean()


def non_saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """-E log D(G(z)), section 3: the same fixed point, with a gradient that stays large when D is confident."""
    return -F.logsigmoid(fake_logits).mean()


_GENERATOR_LOSSES = {"minimax": minimax_generator_loss, "non-saturating": non_saturating_generator_loss}


class Gan(Generative):
    """One step of D and one of G per batch: Algorithm 1 with k = 1, for perceptrons and convolutions alike.

    DiffAugment and the lazy R1 penalty are options that help with small data sets.

    References:
        S. Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020, section 3.3.
        L. Mescheder et al., "Which Training Methods for GANs do actually Converge?", ICML 2018, Equation 9.
        T. Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020: lazy regularisation.
    """

    estimate_description = "the discriminator's estimate of the Jensen-Shannon divergence, (V + log 4) / 2"

    def __init__(self, config: GanConfig | DcganConfig, data: ImageSet, fabric: Fabric) -> None:
        turns = 2 if isinstance(config, DcganConfig) and config.alternate else 1
        updates = dict.fromkeys(("generator", "discriminator"), config.total_steps // turns)
        super().__init__(config, config.discriminator, "discriminator", data, fabric, updates)
        self._generator_loss = _GENERATOR_LOSSES[config.loss]
        self._diffaugment = config.diffaugment
        self._alternates = isinstance(config, DcganConfig) and config.alternate
        self._mixes, self._r1_gamma, self._r1_every = False, 0.0, 1
        if isinstance(config, DcganConfig):
            self._mixes = config.mixed_batches
            self._r1_gamma, self._r1_every = config.r1_gamma, config.r1_every_steps

    def play(self, batch: Batch) -> dict[str, Tensor]:
        """See `Objective.play`; reports the losses of both and the mean D(x) and D(G(z))."""
        classes = self.rows(batch.labels)
        with self.fabric.autocast():
            fakes = self.fakes(batch.labels)
            real_logits, fake_logits = self._logits(batch.images, fakes.detach(), classes)
        d_loss = discriminator_loss(real_logits.float(), fake_logits.float())
        penalty = self._penalty(batch.images, classes)
        turn, _ = self.phase()
        if turn != 0:  # the paper's code starts with G
            self.descend("discriminator", d_loss + sum(penalty.values()))
        # G learns from the updated D, on the same fakes: both steps share one forward pass through G.
        self.discriminator.requires_grad_(False).train(not self._mixes)
        with self.fabric.autocast():
            fake_logits_after = self.discriminator(self._augment(fakes), *classes)
        g_loss = self._generator_loss(fake_logits_after.float())
        if turn != 1:
            self.descend("generator", g_loss)
        self.discriminator.requires_grad_(True).train()
        return {
            "d_loss": d_loss.detach(),
            "g_loss": g_loss.detach(),
            "d_real": torch.sigmoid(real_logits.detach().float()).mean(),
            "d_fake": torch.sigmoid(fake_logits.detach().float()).mean(),
            **{name: value.detach() for name, value in penalty.items()},
        }

    def phase(self) -> tuple[int | None, bool]:
        """See `Objective.phase`: which network is updated (None for both), and whether the penalty is due."""
        steps = self.counters["steps"]
        return steps % 2 if self._alternates else None, bool(self._r1_gamma) and steps % self._r1_every == 0

    def estimate(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """See `Generative.estimate`; (V + log 4) / 2, which equals the divergence if D is optimal."""
        return 0.5 * value(real_scores, fake_scores) + log(2.0)

    def margins(self, losses: Mapping[str, float]) -> dict[str, float]:
        """See `Objective.margins`."""
        return {"discriminator": losses["d_real"] - losses["d_fake"]}

    def _logits(self, real: Tensor, fakes: Tensor, classes: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Logits of D for both, in two passes or as one batch."""
        real, fakes = self._augment(real), self._augment(fakes)
        if not self._mixes:
            return self.discriminator(real, *classes), self.discriminator(fakes, *classes)
        real_logits, fake_logits = self.discriminator(
            torch.cat((real, fakes)), *(torch.cat((c, c)) for c in classes)
        ).chunk(2)
        return real_logits, fake_logits

    def _augment(self, images: Tensor) -> Tensor:
        return diff_augment(images, self._diffaugment, self.fabric.global_rank, self.fabric.world_size)

    def _penalty(self, images: Tensor, classes: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """R1 = gamma / 2 E |grad D(x)|^2 at real images, in float32, times the interval of its application."""
        _, is_due = self.phase()
        if not is_due:
            return {}
        shown = self._augment(images).detach().requires_grad_()
        norms = gradient_norms(self.discriminator(shown, *classes), shown)
        return {"r1": 0.5 * self._r1_gamma * self._r1_every * norms.square().mean()}
