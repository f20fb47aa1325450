"""Responses of a translator to test charts: flat colours, which should stay flat, and a ramp without lines."""

from itertools import product

import torch
from torch import Tensor

from training.metrics import pixels

RAMP_PX = 320
_FLAT_LEVELS = (16, 128, 240)
_RAMP_LEVELS = (120.0, 220.0)


def flat_colors(side_px: int) -> Tensor:
    """Charts of one colour each: (27, 3, side_px, side_px) float32 in [-1, 1], all combinations of three levels."""
    colors = torch.tensor(list(product(_FLAT_LEVELS, repeat=3)), dtype=torch.float32)
    return (colors / 127.5 - 1.0)[:, :, None, None].expand(-1, -1, side_px, side_px).contiguous()


def ramp(height_px: int = 64) -> Tensor:
    """A grey ramp from left to right, levels 120 to 220 over 320 px: (1, 3, height_px, RAMP_PX) float32 in [-1, 1]."""
    levels = torch.linspace(*_RAMP_LEVELS, RAMP_PX).round()
    return (levels / 127.5 - 1.0).expand(1, 3, height_px, RAMP_PX).contiguous()


def deviation(flat: Tensor) -> float:
    """How far translations of flat colours are from flat, in levels; 0 is flat.

    The standard deviation over the pixels of an image, maximum over channels and images.

    Args:
        flat: (N, C, H, W) uint8, or float in [-1, 1].
    """
    return float(pixels.levels(flat).std((2, 3), correction=0).max())


def shift(before: Tensor, after: Tensor) -> float:
    """The shift of flat colours, in levels: mean absolute difference of the mean colours of (N, C, H, W) charts."""
    return float((pixels.levels(after).mean((2, 3)) - pixels.levels(before).mean((2, 3))).abs().mean())


def largest_line(translated: Tensor) -> float:
    """The sharpest vertical line in a translated ramp, in levels: the largest second difference of its columns' means.

    Args:
        translated: (N, C, H, W) uint8, or float in [-1, 1]. A ramp in whole levels has 1.
    """
    columns = pixels.levels(translated).mean(2)
    return float(columns.diff(n=2, dim=2).abs().max())
