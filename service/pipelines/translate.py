"""A picture through a translator: padded or resized to what it takes, in one piece or in tiles. Knows no HTTP."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from service.pipelines import tiling
from service.pipelines.tiling import Mosaic
from service.repository.loaded_model import LoadedModel

Floats = NDArray[np.float32]
T = TypeVar("T")

_LEAST_PX = 16  # below this, a translator's inner layers have nothing left to reflect at


@dataclass
class Translator:
    """Translates pictures of one request.

    Attributes:
        model: a translator.
        deadline: of the request, on the event loop's clock; checked whenever a piece is waited for.
        tile_px: side of the largest piece.
        queue_s: how long pieces have waited so far.
        finish_s: how long it has taken to make something of translations so far.
    """

    model: LoadedModel
    deadline: float
    tile_px: int
    queue_s: float = 0.0
    finish_s: float = 0.0

    async def translate(self, picture: Floats, fit: str, finish: Callable[[Floats], T]) -> T:
        """What is made of the translation of a picture, at the picture's size.

        Args:
            picture: (3, H, W) float32 in [-1, 1].
            fit: `pad` or `resize`.
            finish: makes it, of (3, H, W) float32, in a worker thread.

        Raises:
            QueueFull: too much waits for this model already.
            DeadlineExceeded: the deadline passed before every piece was done.
        """
        _, height, width = picture.shape
        tall, wide = self._fitting(height), self._fitting(width)
        if fit == "resize":
            size = self.model.manifest.image
            small = await asyncio.to_thread(tiling.resample, picture, size.height, size.width)
            full = await asyncio.to_thread(tiling.resample, await self._at_once(small), height, width)
        elif max(tall, wide) <= self._side:
            is_whole = (tall, wide) == (height, width)
            padded = picture if is_whole else await asyncio.to_thread(tiling.pad, picture, tall, wide)
            return await self._run(padded, lambda translated: finish(translated[:, :height, :width]))
        else:
            padded = await asyncio.to_thread(tiling.pad, picture, tall, wide)
            full = (await self._in_tiles(padded))[:, :height, :width]
        started = time.perf_counter()
        made = await asyncio.to_thread(finish, full)
        self.finish_s += time.perf_counter() - started
        return made

    async def _in_tiles(self, picture: Floats) -> Floats:
        """In tiles, guided by a translation of the whole at a smaller size."""
        _, height, width = picture.shape
        scale = self._side / max(height, width)
        small = (max(1, round(height * scale)), max(1, round(width * scale)))
        guide = await self._at_once(await asyncio.to_thread(tiling.resample, picture, *small))
        mosaic = Mosaic(guide, height, width)
        for tile in tiling.plan(height, width, self._side, self._multiple):
            translated = await self._run(tile.of(picture), _keep)
            await asyncio.to_thread(mosaic.add, tile, translated)
        return await asyncio.to_thread(mosaic.picture)

    async def _at_once(self, picture: Floats) -> Floats:
        """In one piece, padded to the multiple and cropped back."""
        _, height, width = picture.shape
        padded = tiling.pad(picture, self._fitting(height), self._fitting(width))
        return (await self._run(padded, _keep))[:, :height, :width]

    async def _run(self, piece: Floats, finish: Callable[[Floats], T]) -> T:
        # Resampling overshoots; the network has never seen values outside of its range.
        fed = np.clip(np.ascontiguousarray(piece), -1.0, 1.0)[None]
        work = self.model.generator.submit_and_finish(
            {"images": fed}, self.deadline, lambda output, _: finish(output[0])
        )
        result = await work
        self.queue_s += result.queue_s
        self.finish_s += result.finish_s
        return result.output[0]

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


def _keep(translated: Floats) -> Floats:
    return translated
