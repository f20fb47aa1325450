"""Pictures translated to files, each with the bytes that `POST .../translate` gives."""

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

_BYTES_PER_PIXEL = 8  # of a picture that is not compressed at all: four channels of 16 bits
_MORE_BYTES = 1_048_576  # metadata


@dataclass(frozen=True)
class Asked:
    """How pictures are translated.

    Attributes:
        fit: `pad` or `resize`, as for the API.
        form: of the files.
    """

    fit: str = "pad"
    form: StillFormat = "png"

    def names(self, given: Sequence[str]) -> Mapping[str, str]:
        """The name of each file's translation: the same with another suffix, or behind it where two would meet."""
        short = {name: PurePosixPath(name).with_suffix(SUFFIXES[self.form]).as_posix() for name in given}
        times = Counter(short.values())
        return {name: new if times[new] == 1 else name + SUFFIXES[self.form] for name, new in short.items()}


class _Room:
    """Pixels that may be held at once; a picture that is larger than all of it goes alone."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._changed = asyncio.Condition()

    async def take(self, pixels: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._held or self._held + pixels <= self._most)
            self._held += pixels

    async def give(self, pixels: int) -> None:
        async with self._changed:
            self._held -= pixels
            self._changed.notify_all()


async def translated(
    model: LoadedModel,
    settings: Settings,
    asked: Asked,
    names: Mapping[str, str],
    source: Source,
    write: Callable[[str, bytes], None],
    tell: Callable[[str, str | None], None],
) -> None:
    """Translates pictures.

    Args:
        model: started.
        settings: of batches, tiles, limits and metadata.
        asked: how they are translated.
        names: of the translations by those of the pictures.
        source: holds the pictures.
        write: takes a file's name and bytes; called in worker threads.
        tell: called with each picture's name when it is done, and with what is wrong with it where it is bad.
    """
    room = _Room(settings.max_held_pixels)
    metadata, until = packages.metadata(settings, model), packages.deadline()

    def encode(pixels: Pixels) -> bytes:
        return output.encode_one(OutputImage(pixels), asked.form, metadata)

    async def one(name: str) -> None:
        try:
            raw = await asyncio.to_thread(read, source, name, settings)
            width, height = codecs.measure(raw, settings.max_image_pixels)
            await room.take(width * height)
            try:
                image = await asyncio.to_thread(SourceImage.decode, raw, settings.max_image_pixels)
                made = await translate(Translator(model, until, settings.tile_px), image, asked.fit, encode)
            finally:
                await room.give(width * height)
        except (BadFile, NotAnImage, NotFinite, TooLarge) as error:
            tell(name, str(error))
        else:
            await asyncio.to_thread(write, names[name], made)
            tell(name, None)

    # As many as fill the batches that run at once, and those that follow.
    await packages.each(names, settings.max_batch_size * (settings.execution().instances + 1), one)


def read(source: Source, name: str, settings: Settings) -> bytes:
    """A file's bytes, no more than a picture of so many pixels can have.

    Raises:
        BadFile: it cannot be read.
    """
    return source.read(name, _BYTES_PER_PIXEL * settings.max_image_pixels + _MORE_BYTES)
