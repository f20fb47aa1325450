"""Translate images to files with the same bytes as the responses of `POST .../translate`."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from service.batch import model as packages
from service.batch.errors import BadFile
from service.batch.render import SUFFIXES
from service.batch.sources import Source
from service.errors import NotAnImage, NotFinite, TooLarge
from service.imaging import codecs
from service.imaging.codecs import StillFormat
from service.imaging.pixels import Pixels
from service.pipelines import output
from service.pipelines.output import OutputImage
from service.pipelines.translate import SourceImage, Translator, translate
from service.repository.loaded_model import LoadedModel
from service.settings import Settings

_BYTES_PER_PIXEL = 8  # of an uncompressed image: four channels of 16 bits
_METADATA_BYTES = 1_048_576


@dataclass(frozen=True)
class TranslateOptions:
    """How images are translated.

    Attributes:
        fit: `pad` or `resize`, as for the API.
        form: of the files.
    """

    fit: str = "pad"
    form: StillFormat = "png"

    def names(self, given: Sequence[str]) -> Mapping[str, str]:
        """Names of the translations by file: the suffix is replaced, or appended if two names would be equal."""
        short = {name: PurePosixPath(name).with_suffix(SUFFIXES[self.form]).as_posix() for name in given}
        times = Counter(short.values())
        return {name: new if times[new] == 1 else name + SUFFIXES[self.form] for name, new in short.items()}


class _PixelBudget:
    """Limits the pixels held at once; a larger image runs alone."""

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._changed = asyncio.Condition()

    async def take(self, pixels: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._held or self._held + pixels <= self._limit)
            self._held += pixels

    async def give(self, pixels: int) -> None:
        async with self._changed:
            self._held -= pixels
            self._changed.notify_all()


async def translate_images(
    model: LoadedModel,
    settings: Settings,
    options: TranslateOptions,
    names: Mapping[str, str],
    source: Source,
    write: Callable[[str, bytes], None],
    report: Callable[[str, str | None], None],
) -> None:
    """Translate images.

    Args:
        model: a started translator.
        settings: of batches, tiles, limits and metadata.
        options: how images are translated.
        names: of the translations, by those of the images.
        source: reads the images.
        write: stores a file under a name; called in worker threads.
        report: called with each image's name when it is done, and with the error if it failed.
    """
    budget = _PixelBudget(settings.max_held_pixels)
    metadata, until = packages.metadata(settings, model), packages.deadline()

    def encode(pixels: Pixels) -> bytes:
        return output.encode_one(OutputImage(pixels), options.form, metadata)

    async def one(name: str) -> None:
        try:
            raw = await asyncio.to_thread(read, source, name, settings)
            width, height = codecs.measure(raw, settings.max_image_pixels)
            await budget.take(width * height)
            try:
                image = await asyncio.to_thread(SourceImage.decode, raw, settings.max_image_pixels)
                made = await translate(Translator(model, until, settings.tile_px), image, options.fit, encode)
            finally:
                await budget.give(width * height)
        except (BadFile, NotAnImage, NotFinite, TooLarge) as error:
            report(name, str(error))
        else:
            await asyncio.to_thread(write, names[name], made)
            report(name, None)

    # Enough to fill the batches that run at the same time, and the next ones.
    await packages.each(names, settings.max_batch_size * (settings.execution().instances + 1), one)


def read(source: Source, name: str, settings: Settings) -> bytes:
    """Read a file, up to the size of an uncompressed image with the maximum number of pixels.

    Raises:
        BadFile: it cannot be read.
    """
    return source.read(name, _BYTES_PER_PIXEL * settings.max_image_pixels + _METADATA_BYTES)
