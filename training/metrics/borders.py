"""Lines along the borders of translations, an artefact of padding a few pixels from the edge.

A line along a side is a jump of luma across it. Jumps near each side are divided by those of the interior, and that
ratio by the input's: an image can have more detail at its bottom than at its top.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from training.metrics import pixels

MIN_PX = 96
"""The smallest side of an image that has an interior, in px."""

_NEAR_PX = (2, 22)
_INTERIOR_PX = 40
_MIN_JUMP = 0.05  # in levels: the minimum for flat interiors


class Borders(NamedTuple):
    """Activity at each side over the input's, the median over the images; 1 equals the input's."""

    left: float
    right: float
    top: float
    bottom: float


def ratios(source: Tensor, fake: Tensor) -> Borders:
    """How much more active the borders of translations are than those of their inputs.

    Activity is the mean absolute difference of luma across a side, 2 to 22 px from it, over that of the interior, which
    begins 40 px from every side.

    Args:
        source: (N, C, H, W) uint8, or float in [-1, 1], C 1 or 3; sides of at least `MIN_PX`.
        fake: (N, C, H, W), the same type: their translations.

    Raises:
        ValueError: the images are too small, out of range, or differ in number from their inputs.
    """
    if source.shape != fake.shape:
        raise ValueError(f"{tuple(fake.shape)} translations have inputs of another shape, {tuple(source.shape)}")
    if min(source.shape[2:]) < MIN_PX:
        raise ValueError(f"images of {source.shape[3]} x {source.shape[2]} px have no interior: {MIN_PX} are needed")
    before, after = activity(source), activity(fake)
    return Borders(*(after / before).median(0).values.tolist())


def activity(images: Tensor) -> Tensor:
    """(N, C, H, W) as `pixels.levels` takes it -> (N, 4): at the left, right, top and bottom, over the interior's."""
    seen = pixels.luminance(images)[:, 0]
    turned = seen.transpose(1, 2)
    return torch.stack([_at_left(side) for side in (seen, seen.flip(2), turned, turned.flip(2))], 1)


def _at_left(luma: Tensor) -> Tensor:
    """(N, H, W) -> (N,)."""
    jumps = luma.diff(dim=2).abs()
    start, stop = _NEAR_PX
    inside = jumps[:, _INTERIOR_PX:-_INTERIOR_PX, _INTERIOR_PX:-_INTERIOR_PX]
    near = jumps[:, :, start:stop]
    return near.mean((1, 2)).clamp_min(_MIN_JUMP) / inside.mean((1, 2)).clamp_min(_MIN_JUMP)
