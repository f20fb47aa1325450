"""Contrast and mean colour of images against others: detects paler, darker or tinted translations."""

from typing import NamedTuple

from torch import Tensor

from training.metrics import pixels


class Tones(NamedTuple):
    """How translations compare with other images.

    Attributes:
        contrast: mean standard deviation of luma over that of the other images; below 1 is pale.
        color: Euclidean distance between the mean colours, in levels of RGB.
    """

    contrast: float
    color: float


def compare(images: Tensor, others: Tensor) -> Tones:
    """Contrast and mean colour of one set of images against another's.

    Args:
        images: (N, 3, H, W) uint8, or float in [-1, 1].
        others: (M, 3, H, W), the same: inputs, or real images of the target.

    Raises:
        ValueError: the images are out of range, or the others are flat.
    """
    theirs = _contrast(others)
    if not theirs > 0.0:
        raise ValueError("there is nothing to compare with: the other images are flat")
    means = [pixels.levels(x).mean((0, 2, 3)) for x in (images, others)]
    return Tones(_contrast(images) / theirs, float((means[0] - means[1]).norm()))


def _contrast(images: Tensor) -> float:
    return float(pixels.luminance(images).std((1, 2, 3), correction=0).mean())
