"""The base class of both translation methods: adversarial losses, networks, finished translators.

Independent of pairs and cycles.

References:
    X. Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, Equation 9 with a = 0, b = c = 1.
"""

from abc import abstractmethod
from copy import deepcopy
from math import exp

import torch.nn.functional as F
from torch import Tensor, nn

from training.config import (
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PyramidGenerator,
    ResnetGenerator,
    TranslationConfig,
    UnetGenerator,
)
from training.networks import multiscale, patchgan, pyramid, resnet, unet
from training.objectives.objective import Fabric, Objective
from training.objectives.optimizers import Steps

Direction = str
"""`A2B` or `B2A`."""


def adversarial_loss(kind: str, logits: Tensor, is_real: bool) -> Tensor:
    """The adversarial loss of D, or of G with the targets swapped.

    Args:
        kind: `bce`, binary cross entropy, or `lsgan`, the squared distance to 1 or 0.
        logits: any shape.
        is_real: the target of the logits.

    Returns:
        A scalar, the mean over all patches.
    """
    if kind == "bce":
        return F.softplus(-logits if is_real else logits).mean()
    return (logits - float(is_real)).square().mean()


class Translation(Objective):
    """Translators by direction, and the discriminators of their outputs."""

    def __init__(self, config: TranslationConfig, directions: tuple[Direction, ...], fabric: Fabric) -> None:
        super().__init__(fabric)
        self._config, self.directions = config, directions

    @property
    def multiple(self) -> int:
        """Height and width of an input must be multiples of this, in px."""
        return self._config.multiple

    def add_players(
        self,
        discriminators: dict[str, int],
        discriminator: PatchDiscriminator | MultiscaleDiscriminator,
        images_per_epoch: int,
    ) -> None:
        """Builds the translators and the discriminators, each kind with one optimiser.

        Args:
            discriminators: input channels of each discriminator, by name.
            discriminator: the configuration of all of them.
            images_per_epoch: number of training images.
        """
        config = self._config
        steps = Steps(config.total_steps, images_per_epoch // config.batch_size)
        translators = {f"generator_{direction}": _translator(config.generator) for direction in self.directions}
        networks = {name: _discriminator(discriminator, channels) for name, channels in discriminators.items()}
        self.add("generator", dict(translators), config.optimizer, steps)
        self.add("discriminator", dict(networks), config.optimizer, steps)
        for name in translators:
            self.average(name, config.ema_decay)

    def finished(self, direction: Direction) -> nn.Module:
        """A copy of a translator for inference: averaged, without dropout."""
        name = f"generator_{direction}"
        averaged = self.averages.get(name)
        network = averaged.module if averaged is not None else self.networks[name]
        return deepcopy(network).requires_grad_(False).eval()

    def game(self, logits: Tensor, is_real: bool) -> Tensor:
        """The configured adversarial loss, in float32."""
        return adversarial_loss(self._config.loss, logits.float(), is_real)

    def margin(self, loss: float) -> float:
        """The lower bound on D(x) - D(G(z)) that follows from a discriminator's halved loss, -1 ... 1.

        Both bounds are attained if D errs equally on real and fake images: the mean of logarithms is
        at most the logarithm of the mean, and the mean of squares at least the square of the mean.
        """
        return (2.0 * exp(-loss) if self._config.loss == "bce" else 2.0 - 2.0 * loss**0.5) - 1.0

    @abstractmethod
    def domains(self, direction: Direction) -> tuple[int, int]:
        """The source and target domain of a direction: 0 for A, 1 for B."""


def _translator(config: UnetGenerator | ResnetGenerator | PyramidGenerator) -> nn.Module:
    if isinstance(config, PyramidGenerator):
        return pyramid.Generator(config)
    return unet.Generator(config) if isinstance(config, UnetGenerator) else resnet.Generator(config)


def _discriminator(config: PatchDiscriminator | MultiscaleDiscriminator, channels: int) -> nn.Module:
    if isinstance(config, MultiscaleDiscriminator):
        return multiscale.Discriminator(config, channels)
    return patchgan.Discriminator(config, channels)


def mean_absolute(a: Tensor, b: Tensor) -> Tensor:
    """The L1 distance of two batches of images, in float32."""
    return (a.float() - b.float()).abs().mean()
