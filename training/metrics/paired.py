"""Metrics of paired images: a translation and its target or its input, or an input and its reconstruction.

References:
    Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004; a Gaussian window
    with sigma 1.5, as torchmetrics computes it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from training.metrics import pixels

_LEVELS = 255.0
_MAX_VALUES = 2**21  # at once: SSIM needs about ten copies


@dataclass(frozen=True)
class Paired:
    """Means over pairs.

    Attributes:
        l1: mean absolute difference, 0 ... 255.
        psnr: mean over pairs, in dB; infinite if a pair is equal.
        ssim: -1 ... 1, 1 for equal images; over all channels.
    """

    l1: float
    psnr: float
    ssim: float


@dataclass(frozen=True)
class Translation:
    """How a translation changed its input, means over images.

    Attributes:
        change: mean absolute difference, 0 ... 255; near 0 is an identity map.
        structure: SSIM of luminance, -1 ... 1.
    """

    change: float
    structure: float


def compare(real: Tensor, fake: Tensor, max_values: int = _MAX_VALUES) -> Paired:
    """Compares translations with their targets.

    Args:
        real: (N, C, H, W) uint8, or float in [-1, 1]; sides of at least 11 px.
        fake: the same shape.
        max_values: maximum number of pixel values that are compared at once.

    Raises:
        ValueError: the shapes differ, or the images are out of range.
    """
    parts = [(_differences(a, b), _psnr(a, b), _ssim(a, b)) for a, b in _chunks(real, fake, max_values=max_values)]
    l1, psnr, ssim = (float(torch.cat(part).double().mean()) for part in zip(*parts, strict=True))
    return Paired(l1, psnr, ssim)


def mean_absolute(first: Tensor, second: Tensor) -> float:
    """Mean absolute difference between images, 0 ... 255, over all channels.

    Args:
        first: (N, C, H, W) uint8, or float in [-1, 1].
        second: the same shape.

    Raises:
        ValueError: the shapes differ, or the images are out of range.
    """
    return float(torch.cat([_differences(a, b) for a, b in _chunks(first, second)]).double().mean())


def translation(source: Tensor, translated: Tensor) -> Translation:
    """How much translations differ from their inputs, and how much structure they preserve.

    Args:
        source: (N, C, H, W) uint8, or float in [-1, 1], C 1 or 3; sides of at least 11 px.
        translated: the same shape.

    Raises:
        ValueError: the shapes differ, or the images are out of range.
    """
    parts = [_ssim(a, b) for a, b in _chunks(source, translated, pixels.luminance)]
    return Translation(mean_absolute(source, translated), float(torch.cat(parts).double().mean()))


def _chunks(
    first: Tensor,
    second: Tensor,
    view: Callable[[Tensor], Tensor] = pixels.levels,
    max_values: int = _MAX_VALUES,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Parts of both sets, converted by `view`."""
    if first.shape != second.shape or not len(first):
        raise ValueError(f"pairs must have one shape, but have {tuple(first.shape)} and {tuple(second.shape)}")
    rows = max(max_values // max(first[0].numel(), 1), 1)
    for a, b in zip(first.split(rows), second.split(rows), strict=True):
        yield view(a), view(b)


def _differences(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().mean(dim=(1, 2, 3))


def _psnr(a: Tensor, b: Tensor) -> Tensor:
    return peak_signal_noise_ratio(b, a, data_range=_LEVELS, reduction="none", dim=(1, 2, 3))


def _ssim(a: Tensor, b: Tensor) -> Tensor:
    found = structural_similarity_index_measure(b, a, data_range=_LEVELS, reduction="none")
    assert isinstance(found, Tensor)
    return found
