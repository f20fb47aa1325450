"""Large images in pieces: where tiles lie, how they are blended, and how their colours are matched.

Pure arrays. Knows nothing about models or HTTP.

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
_MIN_ENERGY = 1e-6  # of a tile without any detail


@dataclass(frozen=True)
class Tile:
    """A piece of an image, in px."""

    top: int
    left: int
    height: int
    width: int

    def of(self, image: Floats) -> Floats:
        """The piece of a (C, H, W) image."""
        return image[:, self.top : self.top + self.height, self.left : self.left + self.width]


def pad(image: Floats, height: int, width: int) -> Floats:
    """Reflect a (C, H, W) image at its right and lower edge, to a size in px."""
    more = ((0, height - image.shape[1]), (0, width - image.shape[2]))
    return np.pad(image, ((0, 0), *more), mode="reflect")


def plan(height: int, width: int, side: int, multiple: int = 1) -> list[Tile]:
    """Tiles that cover an image evenly and overlap. A side of the image that fits into a tile is not divided.

    Args:
        height: of the image in px.
        width: of the image in px.
        side: of the largest tile in px. Tiles are as small as their number allows, since every pixel costs time.
        multiple: every side of a tile is a multiple of it.
    """
    rows, columns = _spread(height, side, multiple), _spread(width, side, multiple)
    return [Tile(top, left, tall, wide) for (top, tall), (left, wide) in product(rows, columns)]


def _spread(length: int, side: int, multiple: int) -> list[tuple[int, int]]:
    """(start, side) of evenly spread pieces of a length."""
    if length <= side:
        return [(0, length)]
    overlap = min(OVERLAP_PX, side // 4)
    count = ceil((length - overlap) / (side - overlap))
    min_side = ceil((length + (count - 1) * overlap) / count / multiple) * multiple
    side = min(side, min_side)
    return [(round(index * (length - side) / (count - 1)), side) for index in range(count)]


def resample(image: Floats, height: int, width: int, box: tuple[float, float, float, float] | None = None) -> Floats:
    """A (C, H, W) image at another size.

    Args:
        image: (C, H, W) float32.
        height: of the result in px.
        width: of the result in px.
        box: left, upper, right and lower edge of the part to take, in px of `image`; all of it by default.
    """
    bands = (Image.fromarray(band) for band in image)
    return np.stack([np.asarray(band.resize((width, height), Image.Resampling.BICUBIC, box)) for band in bands])


def coarse_part(image: Floats, block_height: int, block_width: int) -> Floats:
    """A (C, H, W) image without the detail that is finer than blocks of these sizes in px."""
    _, height, width = image.shape
    return resample(resample(image, ceil(height / block_height), ceil(width / block_width)), height, width)


class Mosaic:
    """An image that is assembled tile by tile.

    Instance normalisation takes its statistics from its input, so that tiles get other colours and another contrast
    than the whole image would. The coarse part of each tile is therefore taken from a translation
    of the whole image at a smaller size, the guide. The fine part stays the tile's own; its contrast is the guide's,
    as far as the guide shows the same detail.
    """

    def __init__(self, guide: Floats, height: int, width: int) -> None:
        """Start an empty image.

        Args:
            guide: (3, h, w), the translation of the whole image, scaled down.
            height: of the result in px.
            width: of the result in px.
        """
        self._guide = guide
        self._scale = (guide.shape[1] / height, guide.shape[2] / width)
        self._sum = np.zeros((len(guide), height, width), np.float32)
        self._weight = np.zeros((height, width), np.float32)

    def add(self, tile: Tile, translated: Floats) -> None:
        """Blend in a tile's translation, (3, tile height, tile width)."""
        weight = self._ramp(tile.top, tile.height, 1)[:, None] * self._ramp(tile.left, tile.width, 2)[None, :]
        box = self._seen_in_guide(tile)
        fine = translated - coarse_part(translated, _COARSE_PX, _COARSE_PX)
        guided = coarse_part(resample(self._guide, tile.height, tile.width, box), _COARSE_PX, _COARSE_PX)
        part = tile.of(self._sum)
        part += weight * (guided + self._contrast(tile, box, translated) * fine)
        tile.of(self._weight[None])[0] += weight

    def image(self) -> Floats:
        """The whole image, (3, height, width), after every tile has been added."""
        self._sum /= self._weight
        return self._sum

    def _seen_in_guide(self, tile: Tile) -> tuple[float, float, float, float]:
        """Left, upper, right and lower edge of a tile in the guide."""
        down, across = self._scale
        _, height, width = self._guide.shape
        right, lower = (tile.left + tile.width) * across, (tile.top + tile.height) * down
        return tile.left * across, tile.top * down, min(right, width), min(lower, height)

    def _contrast(self, tile: Tile, box: tuple[float, float, float, float], translated: Floats) -> Floats:
        """(3, 1, 1): the factor that matches the tile's detail to the guide's, by least squares."""
        down, across = self._scale
        size = (max(1, round(tile.height * down)), max(1, round(tile.width * across)))
        block = (max(2, round(_COARSE_PX * down)), max(2, round(_COARSE_PX * across)))
        wanted, own = (
            image - coarse_part(image, *block)
            for image in (resample(self._guide, *size, box), resample(translated, *size))
        )
        like_guide = (wanted * own).sum((1, 2)) / (np.square(own).sum((1, 2)) + _MIN_ENERGY)
        factor: Floats = np.clip(like_guide, *_CONTRASTS)[:, None, None].astype(np.float32)
        return factor

    def _ramp(self, start: int, length: int, axis: int) -> Floats:
        """(length,) weights that rise from the image's inner borders, and stay 1 at its outer ones."""
        position = np.arange(length, dtype=np.float32)
        rising = (position + 1) / OVERLAP_PX if start > 0 else np.ones(length, np.float32)
        ends_inside = start + length < self._sum.shape[axis]
        falling = (length - position) / OVERLAP_PX if ends_inside else np.ones(length, np.float32)
        return np.clip(np.minimum(rising, falling), 0.0, 1.0).astype(np.float32)
