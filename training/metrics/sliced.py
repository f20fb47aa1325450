"""Sliced Wasserstein distance between the patches of two sets of images, one number per scale of detail.

References:
    T. Karras et al., "Progressive Growing of GANs ...", ICLR 2018, section 5: 7 x 7 patches of a Laplacian pyramid, 128
    per image and level, each channel normalised, 512 directions. The paper samples 16,384 images of each set.
    P. Burt and E. Adelson, "The Laplacian Pyramid as a Compact Image Code", 1983.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.metrics import pixels

MIN_SIDE_PX = 16
_PATCH_PX = 7
_CHUNK = 250  # images at once
_DIRECTIONS = 16  # directions at once: 1,280,000 patches take 82 MB per set
_MIN_STD = 1e-3  # of 255 levels: a pyramid level without detail stays 0 instead of being amplified


@dataclass(frozen=True)
class Sliced:
    """Distances times 1,000, as they are usually reported.

    Attributes:
        levels: height in pixels -> distance, finest detail first.
        mean: over the levels.
    """

    levels: Mapping[int, float]
    mean: float


def distance(real: Tensor, fake: Tensor, seed: int = 0, patches: int = 128, directions: int = 512) -> Sliced:
    """Compares two sets of the same size.

    Args:
        real: (N, C, H, W) uint8, or float in [-1, 1]; sides of at least 16 px.
        fake: the same shape.
        seed: seed of the patches' positions, the same in both sets, and of the directions.
        patches: number per image and level. Needs N x patches x C x 400 bytes.
        directions: number of random directions.

    Raises:
        ValueError: the shapes differ, or the images are too small or out of range.
    """
    if real.shape != fake.shape or real.ndim != 4 or min(real.shape[2:]) < MIN_SIDE_PX or not len(real):
        raise ValueError(
            f"both sets must have one shape (N, C, H, W) with sides of at least {MIN_SIDE_PX} px, "
            f"but have {tuple(real.shape)} and {tuple(fake.shape)}"
        )
    found = {}
    heights = _heights(*real.shape[2:])
    for level, height in enumerate(heights):
        last = level + 1 == len(heights)
        a, b = (_descriptors(images, level, last, patches, seed) for images in (real, fake))
        found[height] = 1e3 * _sliced(a, b, directions, seed)
    return Sliced(found, sum(found.values()) / len(found))


def _heights(height: int, width: int) -> list[int]:
    """Heights of the pyramid's levels in px, finest first."""
    found = []
    while min(height, width) >= MIN_SIDE_PX:
        found.append(height)
        height, width = (height + 1) // 2, (width + 1) // 2
    return found


def _descriptors(images: Tensor, level: int, last: bool, patches: int, seed: int) -> Tensor:
    """(N x patches, C x 49) float32, each channel with mean 0 and standard deviation 1 over all patches."""
    generator = torch.Generator().manual_seed(seed)
    parts = [_patches(_detail(pixels.levels(part), level, last), patches, generator) for part in images.split(_CHUNK)]
    found = torch.cat(parts)
    mean = found.mean(dim=(0, 2), keepdim=True)
    std = found.std(dim=(0, 2), keepdim=True, correction=0)
    return found.sub_(mean).div_(std.clamp_min(_MIN_STD)).flatten(1)


def _patches(detail: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """(N, C, H, W) -> (N x count, C, 49) at random positions."""
    windows = detail.unfold(2, _PATCH_PX, 1).unfold(3, _PATCH_PX, 1)
    rows, columns = (
        torch.randint(side, (len(detail), count), generator=generator).to(detail.device) for side in windows.shape[2:4]
    )
    chosen = windows[torch.arange(len(detail), device=detail.device)[:, None], :, rows, columns]
    return chosen.flatten(0, 1).flatten(2)


def _detail(images: Tensor, level: int, last: bool) -> Tensor:
    """One level of the Laplacian pyramid; the last is the low-pass residual."""
    for _ in range(level):
        images = _smooth(images)[..., ::2, ::2]
    if last:
        return images
    spread = torch.zeros_like(images)
    spread[..., ::2, ::2] = _smooth(images)[..., ::2, ::2]
    return images - 4.0 * _smooth(spread)


def _smooth(images: Tensor) -> Tensor:
    """Burt and Adelson's 5 x 5 binomial filter, mirrored at the edges."""
    row = images.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
    planes = F.pad(images.flatten(0, 1).unsqueeze(1), (2, 2, 2, 2), mode="reflect")
    return F.conv2d(F.conv2d(planes, row.reshape(1, 1, 1, 5)), row.reshape(1, 1, 5, 1)).reshape(images.shape)


def _sliced(a: Tensor, b: Tensor, directions: int, seed: int) -> float:
    """Mean over random directions of the 1-D Wasserstein distance, which compares sorted projections."""
    generator = torch.Generator().manual_seed(seed)
    axes = F.normalize(torch.randn(directions, a.shape[1], generator=generator), dim=1).to(a.device)
    # NumPy sorts float32 several times faster than torch on a CPU.
    total = 0.0
    for part in axes.split(_DIRECTIONS):
        x, y = (np.sort((part @ points.T).cpu().numpy(), axis=1) for points in (a, b))
        total += float(np.abs(x - y).mean(axis=1, dtype=np.float64).sum())
    return total / directions
