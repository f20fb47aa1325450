"""The base class of methods that generate from latents: both networks, latents, classes, the finished generator.

Independent of any method's losses.
"""

from abc import abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from training.config import ConvDiscriminator, ConvGenerator, GenerativeConfig, MlpDiscriminator, MlpGenerator
from training.data import ImageSet
from training.networks import dcgan, mlp
from training.networks.norm import share_statistics
from training.objectives.objective import Fabric, Objective
from training.objectives.optimizers import Steps

_BATCH_NORM_ROWS = 200  # at 64 px, DCGAN's feature maps of 1,000 images would take 1 GB


class Generative(Objective):
    """A generator and its adversary, a `discriminator` or a `critic`.

    Attributes:
        generator: latents (and classes) -> images.
        discriminator: images (and classes) -> (N, 1).
        n_classes: number of classes; 0 if the networks receive none.
        estimate_description: what `estimate` estimates, as text.
        batch_norm_latents: latents from which the averaged generator's BatchNorm statistics are computed.
        image_shape: (C, H, W) of the images that the networks generate and see.
    """

    estimate_description: ClassVar[str]
    batch_norm_latents: ClassVar[int] = 20_000

    def __init__(
        self,
        config: GenerativeConfig,
        discriminator: MlpDiscriminator | ConvDiscriminator,
        discriminator_name: str,
        data: ImageSet,
        fabric: Fabric,
        updates: Mapping[str, int],
    ) -> None:
        """Builds both networks.

        Args:
            config: the run's configuration.
            discriminator: the adversary's configuration.
            discriminator_name: `discriminator` or `critic`.
            data: the training images.
            fabric: device, precision and processes.
            updates: optimiser steps of each network over the whole run, for its schedule.
        """
        super().__init__(fabric)
        self.n_classes = int(data.labels.max()) + 1 if config.conditional else 0
        self._z_dim, self._distribution = config.generator.z_dim, config.latent_distribution
        self.image_shape = _image_shape(config, data)
        self.generator = _generator(config.generator, data, self.image_shape, self.n_classes)
        self.discriminator = _discriminator(discriminator, self.image_shape, self.n_classes)
        for name, network in (("generator", self.generator), (discriminator_name, self.discriminator)):
            total = max(1, updates[name])
            epochs = config.total_steps * config.batch_size / len(data)
            self.add(name, {name: network}, config.optimizer, Steps(total, max(1, round(total / epochs))))
        self.average("generator", config.ema_decay)
        self._finished: dict[str, Tensor] | None = None

    def latents(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """(count, z_dim) float32 latents on the device.

        Args:
            count: number of latents.
            generator: a CPU generator, which gives the same latents on every device; None for the device's own.
        """
        where = self.fabric.device if generator is None else generator.device
        draw = torch.randn if self._distribution == "normal" else torch.rand
        drawn = draw((count, self._z_dim), generator=generator, device=where)
        return (drawn if self._distribution == "normal" else drawn.mul_(2.0).sub_(1.0)).to(self.fabric.device)

    def rows(self, labels: Tensor) -> tuple[Tensor, ...]:
        """A network's inputs besides latents or images: none, or one-hot labels, (N, n_classes) float32."""
        return (F.one_hot(labels, self.n_classes).float(),) if self.n_classes else ()

    def fakes(self, labels: Tensor) -> Tensor:
        """Generates images of the given classes, (B,) int64, for this process: (B, C, H, W)."""
        drawn = self.share(self.latents(len(labels) * self.fabric.world_size))
        images: Tensor = self.generator(drawn, *self.rows(labels))
        return images

    @abstractmethod
    def estimate(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """Estimates the distance of samples to data from the discriminator's outputs for both, without penalties."""

    def finished_generator(self) -> nn.Module:
        """A copy of the generator for inference: averaged, with BatchNorm statistics of the averaged weights."""
        averaged = self.averages.get("generator")
        generator = averaged.module if averaged is not None else self.generator
        finished = deepcopy(generator).requires_grad_(False)
        if self._finished is not None:
            finished.load_state_dict(self._finished)
        elif averaged is not None:
            self._recompute_batch_norm(finished)
        return finished.eval()

    def finish_as(self, state: dict[str, Tensor], note: str) -> None:
        """Replaces the weights and statistics of `finished_generator`; the trained networks are unchanged.

        Args:
            state: the state of a network of the generator's architecture.
            note: how the weights were computed, for model cards.

        Raises:
            RuntimeError: the weights are of another network.
            TypeError: `state` holds no weights.
        """
        deepcopy(self.generator).load_state_dict(state)  # raises if they do not fit
        self._finished, self.finished_description = state, note

    def finished_discriminator(self) -> nn.Module:
        """A copy of the discriminator for inference; spectral norms are folded into the weights."""
        finished = deepcopy(self.discriminator).requires_grad_(False).eval()
        for module in finished.modules():
            if parametrize.is_parametrized(module, "weight"):
                parametrize.remove_parametrizations(module, "weight")
        return finished

    @torch.no_grad()
    def _recompute_batch_norm(self, network: nn.Module) -> None:
        """Sets the running statistics to those of `batch_norm_latents` latents, by a plain mean over batches."""
        share_statistics(network, processes=1)  # other processes are absent, or generate the same latents
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        network.train()
        seeded = torch.Generator().manual_seed(0)
        for _ in range(self.batch_norm_latents // _BATCH_NORM_ROWS if norms else 0):
            labels = torch.arange(_BATCH_NORM_ROWS, device=self.fabric.device) % max(1, self.n_classes)
            network(self.latents(_BATCH_NORM_ROWS, seeded), *self.rows(labels))


def _image_shape(config: GenerativeConfig, data: ImageSet) -> tuple[int, int, int]:
    """(C, H, W) of a training image."""
    if config.images is None:
        return data.shape
    return data.shape[0], config.images.crop_px, config.images.crop_px


def _generator(
    config: MlpGenerator | ConvGenerator, data: ImageSet, shape: tuple[int, int, int], n_classes: int
) -> nn.Module:
    if isinstance(config, ConvGenerator):
        return dcgan.Generator(config, shape, n_classes)
    generator = mlp.Generator(config, shape)
    if config.bias_from_marginals:
        generator.set_output_bias(data.images.float().mean(0).cpu() / 127.5 - 1.0)
    return generator


def _discriminator(
    config: MlpDiscriminator | ConvDiscriminator, shape: tuple[int, int, int], n_classes: int
) -> nn.Module:
    if isinstance(config, ConvDiscriminator):
        return dcgan.Discriminator(config, shape, n_classes)
    return mlp.Discriminator(config, shape)
