"""Sharpness and checkerboards of images, against real ones that need not be paired.

References:
    A. Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016: strided transposed convolutions leave
    patterns with a period of two pixels, which is half the sampling rate.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from training.metrics import pixels

_CHUNK = 64
_BAND = 7.0 / 16.0  # cycles per pixel: the uppermost eighth of the frequencies, since content modulates the pattern


def gradient_ratio(real: Tensor, fake: Tensor) -> float:
    """Mean gradient magnitude of luminance over that of real images: below 1 is blur, above 1 is noise.

    Args:
        real: (N, C, H, W) uint8, or float in [-1, 1], C 1 or 3.
        fake: (M, C, H, W), the same.

    Raises:
        ValueError: the images are out of range, or the real ones are flat.
    """
    return _ratio(_gradients, real, fake)


def half_rate_ratio(real: Tensor, fake: Tensor) -> float:
    """Energy at half the sampling rate over that of real images: well above 1 is a checkerboard, or noise.

    Energy is the power of the Hann-windowed image, in levels, summed over channels, at frequencies of 7/16 or more
    cycles per pixel along either axis.

    Args:
        real: (N, C, H, W) uint8, or float in [-1, 1].
        fake: (M, C, H, W), the same.

    Raises:
        ValueError: the images are out of range, or the real ones have no such energy.
    """
    return _ratio(_half_rate, real, fake)


def _ratio(measure: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> float:
    """`measure`'s mean over fake images, over that of real ones."""
    below, above = (float(torch.cat([measure(part) for part in x.split(_CHUNK)]).double().mean()) for x in (real, fake))
    if not below > 0.0:
        raise ValueError("there is nothing to compare with: the real images are flat")
    return above / below


def _gradients(images: Tensor) -> Tensor:
    """(N, C, H, W) -> (N,)."""
    seen = pixels.luminance(images)
    across, down = seen[..., :-1, 1:] - seen[..., :-1, :-1], seen[..., 1:, :-1] - seen[..., :-1, :-1]
    magnitudes: Tensor = torch.sqrt(across.square() + down.square())
    return magnitudes.mean(dim=(1, 2, 3))


def _half_rate(images: Tensor) -> Tensor:
    """(N, C, H, W) -> (N,)."""
    seen = pixels.levels(images)
    height, width = seen.shape[2:]
    # Without a window the jump between opposite edges would leak into every frequency.
    window = torch.hann_window(height, device=seen.device)[:, None] * torch.hann_window(width, device=seen.device)
    power = torch.fft.fft2(seen * window / window.square().mean().sqrt(), norm="ortho").abs().square()
    fy, fx = (torch.fft.fftfreq(side, device=seen.device).abs() for side in (height, width))
    kept: Tensor = power * torch.maximum(fy[:, None], fx).ge(_BAND)
    return kept.mean(dim=(2, 3)).sum(1)
