"""A picture through a translator: padded or resized to what it takes, in one piece or in tiles. Knows no HTTP."""

import asyncio
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from service import tiles
from service.model import LoadedModel
from service.tiles import Mosaic

Floats = NDArray[np.float32]

_LEAST_PX = 16  # below this, a translator's inner layers have nothing left to reflect at


@dataclass
class Translator:
    """Translates pictures of one request.

    Attributes:
        model: a translator.
        deadline: of the request, on the event loop's clock; checked whenever a piece is waited for.
        tile_px: side of the largest piece.
        queue_s: how long pieces have waited so far.
    """

    model: LoadedModel
    deadline: float
    tile_px: int
    queue_s: float = 0.0

    async def translate(self, picture: Floats, fit: str) -> Floats:
        """The translation of a picture, at the picture's size.

        Args:
            picture: (3, H, W) float32 in [-1, 1].
            fit: `pad` or `resize`.

        Raises:
            QueueFull: too much waits for this model already.
            DeadlineExceeded: the deadline passed before every piece was done.
        """
        _, height, width = picture.shape
        if fit == "resize":
            size = self.model.manifest.image
            small = await asyncio.to_thread(tiles.resample, picture, size.height, size.width)
            return await asyncio.to_thread(tiles.resample, await self._at_once(small), height, width)
        padded = await asyncio.to_thread(tiles.pad, picture, self._fitting(height), self._fitting(width))
        if max(padded.shape) <= self._side:
            return (await self._run(padded))[:, :height, :width]
        return (await self._in_tiles(padded))[:, :height, :width]

    async def _in_tiles(self, picture: Floats) -> Floats:
        """In tiles, guided by a translation of the whole at a smaller size."""
        _, height, width = picture.shape
        scale = self._side / max(height, width)
        small = (max(1, round(height * scale)), max(1, round(width * scale)))
        guide = await self._at_once(await asyncio.to_thread(tiles.resample, picture, *small))
        mosaic = Mosaic(guide, height, width)
        for tile in tiles.plan(height, width, self._side, self._multiple):
            translated = await self._run(tile.of(picture))
            await asyncio.to_thread(mosaic.add, tile, translated)
        return await asyncio.to_thread(mosaic.picture)

    async def _at_once(self, picture: Floats) -> Floats:
        """In one piece, padded to the multiple and cropped back."""
        _, height, width = picture.shape
        return (await self._run(tiles.pad(picture, self._fitting(height), self._fitting(width))))[:, :height, :width]

    async def _run(self, piece: Floats) -> Floats:
        # Resampling overshoots; the network has never seen values outside of its range.
        fed = np.clip(np.ascontiguousarray(piece), -1.0, 1.0)[None]
        result = await self.model.generator.submit({"images": fed}, self.deadline)
        self.queue_s += result.queue_s
        translated: Floats = result.output[0]
        return translated

    @property
    def _multiple(self) -> int:
        assert self.model.manifest.translation is not None
        return self.model.manifest.translation.multiple

    @property
    def _side(self) -> int:
        """Of a tile in px: the largest multiple within the setting."""
        return max(self._multiple, self.tile_px // self._multiple * self._multiple)

    def _fitting(self, side: int) -> int:
        """A side brought up to what the network takes; a side that tiles will cut is left as it is."""
        return side if side > self._side else ceil(max(side, _LEAST_PX) / self._multiple) * self._multiple
