"""Deliberately weak baselines, whose metrics good samples must surpass.

References:
    The recipe of a Gaussian in the space of principal components is that of "eigenfaces": M. Turk and A. Pentland,
    "Eigenfaces for Recognition", 1991.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

SIGMA_PX = 1.0
COMPONENTS = 200
_RADIUS_PX = 4
_PASSES = 2  # of the power iteration: enough for spectra that fall as quickly as images' do


def blurred(images: Tensor) -> Tensor:
    """(N, C, H, W) in [-1, 1] -> the same, blurred by a Gaussian of sigma 1 px, mirrored at the edges."""
    places = torch.arange(-_RADIUS_PX, _RADIUS_PX + 1, dtype=images.dtype)
    row = torch.exp(-0.5 * (places / SIGMA_PX) ** 2)
    row = row / row.sum()
    planes = F.pad(images.flatten(0, 1).unsqueeze(1), (_RADIUS_PX,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(planes, row.view(1, 1, 1, -1)), row.view(1, 1, -1, 1)).reshape(images.shape)


def gaussian(images: Tensor, count: int, seed: int = 0) -> Tensor:
    """Samples a Gaussian with the images' mean, and their covariance in its 200 largest directions.

    Args:
        images: (N, C, H, W) in [-1, 1].
        count: number of samples.
        seed: seed of the samples.

    Returns:
        (count, C, H, W), clamped to [-1, 1].
    """
    points = images.flatten(1)
    mean = points.mean(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        rank = min(COMPONENTS, *points.shape)
        _, scales, directions = torch.svd_lowrank(points - mean, q=rank, niter=_PASSES)
        drawn = torch.randn(count, rank) * scales / (len(points) - 1) ** 0.5
    made: Tensor = (drawn @ directions.T + mean).clamp(-1.0, 1.0)
    return made.view(count, *images.shape[1:])
