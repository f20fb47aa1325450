"""Pixel-level noise in luma and in chroma, an artefact of translators.

Noise is the mean absolute Laplacian of 4 neighbours. Sharp edges raise it too, so it is compared with that of real
images of the same size: well above 1 is grain or coloured confetti, well below 1 is blur.

References:
    ITU-R BT.601 and JFIF: YCbCr as Pillow converts it.
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from training.metrics import pixels

_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
_CROPPED_PX = 2  # at each side


class Noise(NamedTuple):
    """Mean absolute Laplacians of (N, 3, H, W) images.

    Attributes:
        luma: (N,), of Y.
        chroma: (N,), of Cb plus of Cr.
    """

    luma: Tensor
    chroma: Tensor


class Ratios(NamedTuple):
    """Noise over that of real images; 1 equals theirs."""

    luma: float
    chroma: float


def laplacian(images: Tensor) -> Noise:
    """Noise of each image, in the unit of its pixels; differentiable.

    Args:
        images: (N, 3, H, W) float, RGB of any range; at least 7 px per side.
    """
    matrix = images.new_tensor(_YCBCR)[:, :, None, None]
    ycbcr = F.conv2d(images, matrix)
    kernel = images.new_tensor(((0.0, 1.0, 0.0), (1.0, -4.0, 1.0), (0.0, 1.0, 0.0)))
    lost = _CROPPED_PX - 1  # the kernel itself removes one pixel at each side
    inside = ycbcr[..., lost:-lost, lost:-lost]
    edges = F.conv2d(inside, kernel.expand(3, 1, 3, 3), groups=3).abs().mean((2, 3))
    return Noise(edges[:, 0], edges[:, 1] + edges[:, 2])


def levels(images: Tensor) -> Noise:
    """Noise of each image in levels, 0 ... 255.

    Args:
        images: (N, 3, H, W) uint8, or float in [-1, 1].

    Raises:
        ValueError: the images are out of range or not in colour.
    """
    if images.ndim == 4 and images.shape[1] != 3:
        raise ValueError(f"noise of luma and chroma needs 3 channels, but the images have {images.shape[1]}")
    return laplacian(pixels.levels(images))


def ratios(real: Tensor, fake: Tensor) -> Ratios:
    """Mean noise of images over that of real ones of the same size.

    Args:
        real: (N, 3, H, W) uint8, or float in [-1, 1].
        fake: (M, 3, H, W), the same.

    Raises:
        ValueError: the images are out of range or not in colour, or the real ones are flat.
    """
    theirs, ours = levels(real), levels(fake)
    if not (theirs.luma.mean() > 0.0 and theirs.chroma.mean() > 0.0):
        raise ValueError("there is nothing to compare with: the real images are flat")
    return Ratios(*(float(a.mean() / b.mean()) for a, b in zip(ours, theirs, strict=True)))
