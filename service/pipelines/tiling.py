"""Large pictures in pieces: where tiles lie, how they are weighed, and how their colours are made to agree.

Pure arrays; knows nothing about models or HTTP.

References:
    P. Burt and E. Adelson, "A Multiresolution Spline With Application to Image Mosaics", ACM TOG 1983: low and high
    frequencies are blended apart from each other.
"""

from dataclasses import dataclass
from itertools import product
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

OVERLAP_PX = 64
_COARSE_PX = 8  # what is coarser than this comes from the guide
_CONTRASTS = (0.5, 2.0)
_LEAST_ENERGY = 1e-6  # a tile without any detail


@dataclass(frozen=True)
class Tile:
    """A piece of a picture, in px."""

    top: int
    left: int
    height: int
    width: int

    def of(self, picture: Floats) -> Floats:
        """The piece of a (C, H, W) picture."""
        return picture[:, self.top : self.top + self.height, self.left : self.left + self.width]


def pad(picture: Floats, height: int, width: int) -> Floats:
    """Reflects a (C, H, W) picture beyond its right and lower edge, to a size in px."""
    more = ((0, height - picture.shape[1]), (0, width - picture.shape[2]))
    return np.pad(picture, ((0, 0), *more), mode="reflect")


def plan(height: int, width: int, side: int, multiple: int = 1) -> list[Tile]:
    """Tiles that cover a picture evenly and overlap; a side of the picture that fits is kept.

    Args:
        height: of the picture in px.
        width: likewise.
        side: of the largest tile in px; tiles are as small as their number allows, since every pixel costs.
        multiple: of a tile's sides.
    """
    rows, columns = _spread(height, side, multiple), _spread(width, side, multiple)
    return [Tile(top, left, tall, wide) for (top, tall), (left, wide) in product(rows, columns)]


def _spread(length: int, side: int, multiple: int) -> list[tuple[int, int]]:
    """(start, side) of evenly spread pieces of a length."""
    if length <= side:
        return [(0, length)]
    overlap = min(OVERLAP_PX, side // 4)
    count = ceil((length - overlap) / (side - overlap))
    least = ceil((length + (count - 1) * overlap) / count / multiple) * multiple
    side = min(side, least)
    return [(round(index * (length - side) / (count - 1)), side) for index in range(count)]


def resample(picture: Floats, height: int, width: int, box: tuple[float, float, float, float] | None = None) -> Floats:
    """A (C, H, W) picture at another size.

    Args:
        picture: of float32.
        height: of the result in px.
        width: of the result in px.
        box: left, upper, right and lower edge of the part to take, in px of `picture`; all of it by default.
    """
    bands = (Image.fromarray(band) for band in picture)
    return np.stack([np.asarray(band.resize((width, height), Image.Resampling.BICUBIC, box)) for band in bands])


def coarse_part(picture: Floats, block_height: int, block_width: int) -> Floats:
    """What is left of a (C, H, W) picture once everything finer than blocks of so many px is gone."""
    _, height, width = picture.shape
    return resample(resample(picture, ceil(height / block_height), ceil(width / block_width)), height, width)


class Mosaic:
    """A picture that grows tile by tile.

    Instance normalisation takes its statistics from what it is given, so that tiles come out in other colours and with
    another contrast than the whole picture would. The coarse part of each tile is therefore taken from a translation
    of the whole picture at a smaller size, the guide. The fine part stays the tile's own; its contrast is the guide's,
    as far as the guide shows the same detail.
    """

    def __init__(self, guide: Floats, height: int, width: int) -> None:
        """Starts an empty picture.

        Args:
            guide: (3, h, w), the translation of the whole picture, scaled down.
            height: of the result in px.
            width: of the result in px.
        """
        self._guide = guide
        self._scale = (guide.shape[1] / height, guide.shape[2] / width)
        self._sum = np.zeros((len(guide), height, width), np.float32)
        self._weight = np.zeros((height, width), np.float32)

    def add(self, tile: Tile, translated: Floats) -> None:
        """Blends in a tile's translation, (3, tile height, tile width)."""
        weight = self._ramp(tile.top, tile.height, 1)[:, None] * self._ramp(tile.left, tile.width, 2)[None, :]
        box = self._seen_in_guide(tile)
        fine = translated - coarse_part(translated, _COARSE_PX, _COARSE_PX)
        guided = coarse_part(resample(self._guide, tile.height, tile.width, box), _COARSE_PX, _COARSE_PX)
        part = tile.of(self._sum)
        part += weight * (guided + self._contrast(tile, box, translated) * fine)
        tile.of(self._weight[None])[0] += weight

    def image(self) -> Floats:
        """The whole, (3, height, width), once every tile has been added."""
        self._sum /= self._weight
        return self._sum

    def _seen_in_guide(self, tile: Tile) -> tuple[float, float, float, float]:
        """Left, upper, right and lower edge of a tile in the guide."""
        down, across = self._scale
        _, height, width = self._guide.shape
        right, lower = (tile.left + tile.width) * across, (tile.top + tile.height) * down
        return tile.left * across, tile.top * down, min(right, width), min(lower, height)

    def _contrast(self, tile: Tile, box: tuple[float, float, float, float], translated: Floats) -> Floats:
        """(3, 1, 1): the factor that brings the tile's detail nearest to the guide's, by least squares."""
        down, across = self._scale
        size = (max(1, round(tile.height * down)), max(1, round(tile.width * across)))
        block = (max(2, round(_COARSE_PX * down)), max(2, round(_COARSE_PX * across)))
        wanted, own = (
            picture - coarse_part(picture, *block)
            for picture in (resample(self._guide, *size, box), resample(translated, *size))
        )
        like_guide = (wanted * own).sum((1, 2)) / (np.square(own).sum((1, 2)) + _LEAST_ENERGY)
        factor: Floats = np.clip(like_guide, *_CONTRASTS)[:, None, None].astype(np.float32)
        return factor

    def _ramp(self, start: int, length: int, axis: int) -> Floats:
        """(length,) weights that rise from the picture's inner borders, and stay 1 at its outer ones."""
        position = np.arange(length, dtype=np.float32)
        rising = (position + 1) / OVERLAP_PX if start > 0 else np.ones(length, np.float32)
        ends_inside = start + length < self._sum.shape[axis]
        falling = (length - position) / OVERLAP_PX if ends_inside else np.ones(length, np.float32)
        return np.clip(np.minimum(rising, falling), 0.0, 1.0).astype(np.float32)
