"""Image to image: an image is padded or resized to what a translator takes, and translated in one piece or in tiles.

The routes and the batch runs share it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import numpy as np

from service.imaging import codecs
from service.imaging.pixels import Floats, Pixels, to_float32, to_uint8
from service.pipelines import tiling
from service.pipelines.tiling import Mosaic
from service.repository.loaded_model import LoadedModel

T = TypeVar("T")

_MIN_PX = 16  # below this, a translator's inner layers have nothing left to reflect at


@dataclass(frozen=True)
class SourceImage:
    """A decoded image that is to be translated.

    Attributes:
        pixels: (H, W, 3 or 4) uint8.
        colour: (3, H, W) float32 in [-1, 1], as a translator takes it.
    """

    pixels: Pixels
    colour: Floats

    @classmethod
    def decode(cls, raw: bytes, max_pixels: int) -> "SourceImage":
        """Decode a file; raises as `codecs.decode` does."""
        pixels = codecs.decode(raw, max_pixels)
        return cls(pixels, to_float32(pixels[None, :, :, :3])[0])

    def recoloured(self, colour: Floats) -> Pixels:
        """(H, W, 3 or 4) uint8: a translation, (3, H, W) float32, with the alpha of this image.

        Raises:
            NotFinite: the translation overflowed.
        """
        return np.concatenate((to_uint8(colour[None])[0], self.pixels[:, :, 3:]), axis=2)

    def difference(self, colour: Floats) -> float:
        """Mean absolute difference of the colours, 0 ... 255, from a (3, H, W) float32 image; raises `NotFinite`."""
        levels = to_uint8(colour[None])[0].astype(np.int16)
        return float(np.abs(levels - self.pixels[:, :, :3]).mean())


@dataclass
class Translator:
    """Translates the images of one request.

    Attributes:
        model: a started translator.
        deadline: of the request, in seconds of the event loop's clock; checked whenever a piece is waited for.
        tile_px: side of the largest piece.
        queue_s: seconds that pieces have waited so far.
        finish_s: seconds that `finish` has taken so far.
    """

    model: LoadedModel
    deadline: float
    tile_px: int
    queue_s: float = 0.0
    finish_s: float = 0.0

    async def translate(self, image: Floats, fit: str, finish: Callable[[Floats], T]) -> T:
        """Translate an image at its own size.

        Args:
            image: (3, H, W) float32 in [-1, 1].
            fit: `pad` or `resize`.
            finish: takes the translation, (3, H, W) float32, in a worker thread.

        Returns:
            What `finish` returned.

        Raises:
            QueueFull: too many rows are waiting.
            DeadlineExceeded: the deadline passed.
        """
        _, height, width = image.shape
        tall, wide = self._fitting(height), self._fitting(width)
        if fit == "resize":
            size = self.model.manifest.image
            small = await asyncio.to_thread(tiling.resample, image, size.height, size.width)
            full = await asyncio.to_thread(tiling.resample, await self._at_once(small), height, width)
        elif max(tall, wide) <= self._side:
            is_whole = (tall, wide) == (height, width)
            padded = image if is_whole else await asyncio.to_thread(tiling.pad, image, tall, wide)
            return await self._run(padded, lambda translated: finish(translated[:, :height, :width]))
        else:
            padded = await asyncio.to_thread(tiling.pad, image, tall, wide)
            full = (await self._in_tiles(padded))[:, :height, :width]
        started = time.perf_counter()
        made = await asyncio.to_thread(finish, full)
        self.finish_s += time.perf_counter() - started
        return made

    async def _in_tiles(self, image: Floats) -> Floats:
        """In tiles, guided by a translation of the whole at a smaller size."""
        _, height, width = image.shape
        scale = self._side / max(height, width)
        small = (max(1, round(height * scale)), max(1, round(width * scale)))
        guide = await self._at_once(await asyncio.to_thread(tiling.resample, image, *small))
        mosaic = Mosaic(guide, height, width)
        for tile in tiling.plan(height, width, self._side, self._multiple):
            translated = await self._run(tile.of(image), _keep)
            await asyncio.to_thread(mosaic.add, tile, translated)
        return await asyncio.to_thread(mosaic.image)

    async def _at_once(self, image: Floats) -> Floats:
        """In one piece, padded to the multiple and cropped back."""
        _, height, width = image.shape
        padded = tiling.pad(image, self._fitting(height), self._fitting(width))
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
        return side if side > self._side else ceil(max(side, _MIN_PX) / self._multiple) * self._multiple


async def translate(there: Translator, source: SourceImage, fit: str, finish: Callable[[Pixels], T]) -> T:
    """Translate an image; alpha stays as it was.

    Args:
        there: the translator.
        source: the image.
        fit: `pad` or `resize`.
        finish: takes the translation, (H, W, 3 or 4) uint8, in a worker thread.

    Returns:
        What `finish` returned.

    Raises:
        QueueFull: too many rows are waiting.
        DeadlineExceeded: the deadline passed.
        NotFinite: the translation overflowed.
    """
    return await there.translate(source.colour, fit, lambda colour: finish(source.recoloured(colour)))


async def translate_and_back(
    there: Translator, back: Translator, source: SourceImage, fit: str, finish: Callable[[Pixels], T]
) -> tuple[T, float]:
    """Translate an image and measure how well the inverse model restores it.

    Args and errors as for `translate`; `back` is the inverse translator.

    Returns:
        What `finish` returned, and the mean absolute error of the restored colours, 0 ... 255.
    """
    colour, finished = await there.translate(source.colour, fit, lambda made: (made, finish(source.recoloured(made))))
    return finished, await back.translate(colour, fit, source.difference)


def _keep(translated: Floats) -> Floats:
    return translated
