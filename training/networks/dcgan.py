"""Convolutional generator and discriminator of DCGAN, with and without classes; also WGAN's.

References:
    A. Radford et al., "Unsupervised Representation Learning with Deep Convolutional GANs", ICLR 2016: the five
    guidelines, the networks for 64 px, and the class-conditional ones for MNIST.
    I. Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017: a critic without BatchNorm.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training.config import ConvDiscriminator, ConvGenerator
from training.networks.init import init
from training.networks.norm import BatchNorm1d, BatchNorm2d


class Generator(nn.Module):
    """(N, z_dim) latents, and (N, n_classes) one-hot classes, -> (N, C, H, W) images in [-1, 1].

    One or more dense layers compute the first feature maps; fractionally-strided convolutions double the side. Classes
    are concatenated to the input of every layer, as in the paper's code for MNIST.
    """

    def __init__(self, config: ConvGenerator, image_shape: tuple[int, int, int], n_classes: int = 0) -> None:
        super().__init__()
        channels, side = image_shape[0], image_shape[1]
        sides = _sides(side, len(config.widths), config.kernel)
        self.base = (config.widths[0], sides[-1], sides[-1])
        self.sides = sides[-2::-1]
        self.sigmoid = config.output == "sigmoid"
        widths = (config.z_dim, *config.dense, config.widths[0] * self.base[1] ** 2)
        self.dense = nn.ModuleList(
            nn.Linear(before + n_classes, after, bias=not config.batch_norm) for before, after in pairwise(widths)
        )
        self.dense_norms = nn.ModuleList(_norm1d(config, width) for width in config.dense)
        self.unit_norm = config.unit_norm
        self.norms = nn.ModuleList(_norm2d(config, width) for width in config.widths)
        if config.unit_norm:
            self.norms[0] = _norm1d(config, widths[-1])
        maps = (*config.widths, channels)
        kernel, padding, extra = _doubling(config.kernel)
        self.convs = nn.ModuleList(
            nn.ConvTranspose2d(
                before + n_classes, after, kernel, 2, padding, extra, bias=_has_bias(config, index == len(maps) - 2)
            )
            for index, (before, after) in enumerate(pairwise(maps))
        )
        init(self, config.init)

    def forward(self, latents: Tensor, classes: Tensor | None = None) -> Tensor:
        """(N, z_dim), (N, n_classes) -> (N, C, H, W) in [-1, 1]."""
        x = latents
        for layer, norm in zip(self.dense[:-1], self.dense_norms, strict=True):
            x = torch.relu(norm(layer(_join(x, classes))))
        x = self.dense[-1](_join(x, classes))
        if self.unit_norm:
            x = self.norms[0](x)
        x = x.reshape(-1, *self.base)
        for index, (norm, conv, side) in enumerate(zip(self.norms, self.convs, self.sides, strict=True)):
            if index or not self.unit_norm:
                x = norm(x)
            x = conv(_join(torch.relu(x), classes))[:, :, :side, :side]
        return 2.0 * torch.sigmoid(x) - 1.0 if self.sigmoid else torch.tanh(x)


class Discriminator(nn.Module):
    """(N, C, H, W) images in [-1, 1], and (N, n_classes) one-hot classes, -> (N, 1) logits, or scores of a critic."""

    def __init__(self, config: ConvDiscriminator, image_shape: tuple[int, int, int], n_classes: int = 0) -> None:
        super().__init__()
        channels, side = image_shape[0], image_shape[1]
        kernel, padding, _ = _doubling(config.kernel)
        maps = (channels, *config.widths)
        self.leak = config.leak
        self.convs = nn.ModuleList(
            nn.Conv2d(before + n_classes, after, kernel, 2, padding, bias=_has_bias(config, index == 0))
            for index, (before, after) in enumerate(pairwise(maps))
        )
        # No BatchNorm after the first layer, as in the paper.
        self.norms = nn.ModuleList(
            nn.Identity() if index == 0 else _norm2d(config, width) for index, width in enumerate(config.widths)
        )
        flat = config.widths[-1] * _sides(side, len(config.widths), config.kernel)[-1] ** 2
        widths = (flat, *config.dense)
        self.dense = nn.ModuleList(
            nn.Linear(before + n_classes, after, bias=not config.batch_norm) for before, after in pairwise(widths)
        )
        self.dense_norms = nn.ModuleList(_norm1d(config, width) for width in config.dense)
        self.head = nn.Linear(widths[-1] + n_classes, 1, bias=config.bias)
        init(self, config.init)
        if config.spectral_norm:
            for layer in (*self.convs, *self.dense, self.head):
                spectral_norm(layer)

    def forward(self, images: Tensor, classes: Tensor | None = None) -> Tensor:
        """(N, C, H, W) in [-1, 1], (N, n_classes) -> (N, 1)."""
        x = images
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = nn.functional.leaky_relu(norm(conv(_join(x, classes))), self.leak)
        x = x.flatten(1)
        for layer, norm in zip(self.dense, self.dense_norms, strict=True):
            x = nn.functional.leaky_relu(norm(layer(_join(x, classes))), self.leak)
        out: Tensor = self.head(_join(x, classes))
        return out


def _join(x: Tensor, classes: Tensor | None) -> Tensor:
    """Concatenates one-hot classes to features, or as constant maps to feature maps."""
    if classes is None:
        return x
    if x.ndim == 4:
        classes = classes[:, :, None, None].expand(-1, -1, *x.shape[2:])
    return torch.cat((x, classes.to(x.dtype)), dim=1)


def _sides(side: int, layers: int, kernel: int) -> list[int]:
    """The side of the image and of the maps after each layer of stride 2.

    A kernel of 5 rounds an odd side up, as in the networks of WGAN-GP for MNIST (28, 14, 7, 4); the generator cuts
    off the surplus row and column. A kernel of 4 needs even sides.
    """
    sides = [side]
    for _ in range(layers):
        if sides[-1] == 1 or (kernel == 4 and sides[-1] % 2):
            raise ValueError(
                f"images of {side} px cannot be halved {layers} times by kernel {kernel}: give fewer widths"
            )
        sides.append((sides[-1] + 1) // 2)
    return sides


def _doubling(kernel: int) -> tuple[int, int, int]:
    """(kernel, padding, output padding) of a layer of stride 2 that exactly doubles, or halves, the side."""
    return kernel, (kernel - 1) // 2, kernel % 2


def _has_bias(config: ConvGenerator | ConvDiscriminator, is_bare: bool) -> bool:
    """Whether a layer has a bias. BatchNorm would cancel it; layers without BatchNorm follow the configuration."""
    return config.bias and (is_bare or not config.batch_norm)


def _norm1d(config: ConvGenerator | ConvDiscriminator, width: int) -> nn.Module:
    return BatchNorm1d(width, affine=config.norm_affine) if config.batch_norm else nn.Identity()


def _norm2d(config: ConvGenerator | ConvDiscriminator, width: int) -> nn.Module:
    return BatchNorm2d(width, affine=config.norm_affine) if config.batch_norm else nn.Identity()
