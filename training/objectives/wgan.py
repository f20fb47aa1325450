"""The Wasserstein GAN, with clipped weights and with a gradient penalty.

References:
    M. Arjovsky et al., "Wasserstein GAN", ICML 2017: Equation 2 (the dual form), Algorithm 1.
    I. Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017: Equation 3, Algorithm 1.
"""

import torch
from torch import Tensor

from training.config import WganConfig, WganGpConfig
from training.data import Batch, ImageSet
from training.objectives.generative import Generative
from training.objectives.gradients import gradient_norms
from training.objectives.objective import Fabric


def distance(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E f(x) - E f(G(z)): the critic's estimate of the earth mover's distance, up to its Lipschitz constant.

    Args:
        real_scores: scores of data, any shape.
        fake_scores: scores of samples, any shape.

    Returns:
        A scalar; 0 where p_g = p_data.
    """
    return real_scores.mean() - fake_scores.mean()


def critic_steps(config: WganConfig | WganGpConfig, generator_steps: int) -> int:
    """Critic steps before the next generator step: n_critic, or n_critic_warm for WGAN at the start and periodically.

    The additional steps bring the critic near its optimum.
    """
    if isinstance(config, WganConfig):
        is_warm = generator_steps < config.warm_steps or generator_steps % config.warm_every == 0
        return config.n_critic_warm if is_warm else config.n_critic
    return config.n_critic


def generator_updates(config: WganConfig | WganGpConfig) -> int:
    """Generator steps of the whole run."""
    updates, left = 0, config.total_steps
    while (left := left - critic_steps(config, updates)) >= 0:
        updates += 1
    return updates


class _Wasserstein(Generative):
    """Each step trains the critic; after enough of them (see `critic_steps`), the generator too.

    The counters `generator_steps` and `critic_steps` (since the last generator step) are saved in checkpoints.
    """

    estimate_description = "the critic's estimate of the earth mover's distance, without penalty"

    def __init__(self, config: WganConfig | WganGpConfig, data: ImageSet, fabric: Fabric) -> None:
        updates = {"generator": generator_updates(config), "critic": config.total_steps}
        super().__init__(config, config.critic, "critic", data, fabric, updates)
        self._wasserstein = config
        self.counters = {"generator_steps": 0, "critic_steps": 0}

    def play(self, batch: Batch) -> dict[str, Tensor]:
        """See `Objective.play`; reports the critic's estimate and the terms that the method adds to its loss."""
        classes = self.rows(batch.labels)
        with torch.no_grad(), self.fabric.autocast():
            fakes = self.fakes(batch.labels)
        with self.fabric.autocast():
            estimate = distance(
                self.discriminator(batch.images, *classes).float(), self.discriminator(fakes, *classes).float()
            )
        extra = self.regulariser(batch.images, fakes.float(), classes)
        self.descend("critic", -estimate + sum(extra.values()))
        self.constrain()
        if self.phase():
            self._train_generator(batch)
        return {"distance": estimate.detach(), **{name: value.detach() for name, value in extra.items()}}

    def phase(self) -> bool:
        """See `Objective.phase`: whether the generator is updated after the critic."""
        wanted = critic_steps(self._wasserstein, self.counters["generator_steps"])
        return self.counters["critic_steps"] + 1 >= wanted

    def count(self) -> None:
        """See `Objective.count`."""
        if self.phase():
            self.counters["generator_steps"] += 1
            self.counters["critic_steps"] = 0
        else:
            self.counters["critic_steps"] += 1

    def estimate(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """See `Generative.estimate`; Equation 2 with the critic as it is."""
        return distance(real_scores, fake_scores)

    def regulariser(self, real: Tensor, fake: Tensor, classes: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Terms added to the critic's loss, by name."""
        return {}

    def constrain(self) -> None:
        """Constrains the critic's weights after its step."""

    def _train_generator(self, batch: Batch) -> None:
        self.discriminator.requires_grad_(False)
        with self.fabric.autocast():
            scores = self.discriminator(self.fakes(batch.labels), *self.rows(batch.labels))
        self.descend("generator", -scores.float().mean())
        self.discriminator.requires_grad_(True)


class Wgan(_Wasserstein):
    """The critic's weights, including BatchNorm's, are clipped to +-clip_value, as in the paper's code."""

    def __init__(self, config: WganConfig, data: ImageSet, fabric: Fabric) -> None:
        super().__init__(config, data, fabric)
        self._config = config
        self.constrain()

    @torch.no_grad()
    def constrain(self) -> None:
        """Clips the weights (Algorithm 1, line 7)."""
        for weight in self.discriminator.parameters():
            weight.clamp_(-self._config.clip_value, self._config.clip_value)


class WganGp(_Wasserstein):
    """A penalty pulls the norm of the critic's gradient to 1 on lines between data and samples."""

    def __init__(self, config: WganGpConfig, data: ImageSet, fabric: Fabric) -> None:
        super().__init__(config, data, fabric)
        self._config = config

    def regulariser(self, real: Tensor, fake: Tensor, classes: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Lambda E (|grad f| - 1)^2, Equation 3; in float32, since it is a second-order gradient."""
        share = self.share(torch.rand(len(real) * self.fabric.world_size, 1, 1, 1, device=real.device))
        between = torch.lerp(real, fake, share).requires_grad_()
        norms = gradient_norms(self.discriminator(between, *classes), between)
        return {"penalty": self._config.lambda_gp * (norms - 1.0).square().mean()}
