"""Seeds drawn to files, each with the bytes that `GET .../sample?seed=` gives."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from service.batch import model as packages
from service.batch.errors import BatchError
from service.imaging.codecs import StillFormat
from service.pipelines import latents, output
from service.pipelines.generate import Generation
from service.pipelines.latent_spec import ClassReference
from service.pipelines.resolve import LatentResolver
from service.repository.loaded_model import LoadedModel
from service.settings import Settings
from service.telemetry.timing import PhaseTimer

SUFFIXES: dict[StillFormat, str] = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

_BATCHES = 4  # of the network, asked for together: fewer turns of the event loop, a quarter more pictures a second


@dataclass(frozen=True)
class Asked:
    """What is drawn of each seed.

    Attributes:
        class_: of every picture; None draws it from the seed, where the model has classes.
        truncation: of the latents.
        form: of the files.
    """

    class_: ClassReference | None = None
    truncation: float = 1.0
    form: StillFormat = "png"

    def name(self, seed: int) -> str:
        """Of a seed's file."""
        return f"{seed:09d}{SUFFIXES[self.form]}"


class Seeds:
    """Ranges of seeds, in order, none twice."""

    def __init__(self, text: str) -> None:
        """Reads `7`, `0:1000` (the end left out), or several of them with commas between.

        Raises:
            BatchError: it is something else.
        """
        self._ranges: list[range] = []
        for part in sorted((_range(part) for part in text.split(",")), key=lambda part: part.start):
            if self._ranges and part.start <= self._ranges[-1].stop:
                last = self._ranges[-1]
                self._ranges[-1] = range(last.start, max(last.stop, part.stop))
            else:
                self._ranges.append(part)

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(self._ranges)

    def __len__(self) -> int:
        return sum(map(len, self._ranges))


def _range(text: str) -> range:
    start, colon, stop = text.strip().partition(":")
    numbers = [start, stop] if colon else [start]
    if not all(number.isascii() and number.isdigit() and len(number) <= 19 for number in numbers):
        raise BatchError(f"--seeds must be like 7, 0:1000 or 0:10,90:100, but it has {text.strip()!r}")
    first, last = int(start), int(stop) if colon else int(start) + 1
    if not first < last <= latents.SEED_LIMIT:
        raise BatchError(f"--seeds has {text.strip()!r}, but a range ends above its first seed, and at most at 2^63")
    return range(first, last)


async def drawn(
    model: LoadedModel,
    settings: Settings,
    asked: Asked,
    seeds: Iterable[int],
    write: Callable[[str, bytes], None],
    tell: Callable[[int], None],
) -> None:
    """Draws seeds.

    Args:
        model: started.
        settings: of batches and metadata.
        asked: what is drawn.
        seeds: whose pictures are drawn.
        write: takes a file's name and bytes; called in worker threads.
        tell: called with the number of pictures that have been written since.
    """
    metadata, until = packages.metadata(settings, model, asked.truncation), packages.deadline()
    encode = partial(output.encode_one, form=asked.form, metadata=metadata)

    async def draw(some: tuple[int, ...]) -> None:
        resolver = LatentResolver(model.manifest, asked.class_, asked.truncation)
        points = [resolver.seed(seed) for seed in some]
        files = await Generation(model, resolver, points, until).files(encode, PhaseTimer())
        await asyncio.to_thread(keep, some, files)
        tell(len(some))

    def keep(some: tuple[int, ...], files: list[bytes]) -> None:
        for seed, data in zip(some, files, strict=True):
            write(asked.name(seed), data)

    # While some batches run, as many are written, by threads of their own since disks are slow; others are drawn.
    rest = iter(seeds)
    batches = iter(lambda: tuple(islice(rest, _BATCHES * settings.max_batch_size)), ())
    await packages.each(batches, 2 * settings.execution().instances + 2, draw)
