"""Generate images of seeds to files with the same bytes as the responses of `GET .../sample?seed=`."""

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

_BATCHES = 4  # submitted together: fewer turns of the event loop, 25 % more images per second


@dataclass(frozen=True)
class RenderOptions:
    """What is generated for each seed.

    Attributes:
        class_: of every image; None derives it from the seed if the model has classes.
        truncation: of the latents.
        form: of the files.
    """

    class_: ClassReference | None = None
    truncation: float = 1.0
    form: StillFormat = "png"

    def name(self, seed: int) -> str:
        """Name of a seed's file."""
        return f"{seed:09d}{SUFFIXES[self.form]}"


class Seeds:
    """Ranges of seeds, ascending and without duplicates."""

    def __init__(self, text: str) -> None:
        """Parse `7`, `0:1000` (exclusive end), or several separated by commas.

        Raises:
            BatchError: the text is invalid.
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
        raise BatchError(f"--seeds has {text.strip()!r}, but a range must end above its first seed and at most at 2^63")
    return range(first, last)


async def render_seeds(
    model: LoadedModel,
    settings: Settings,
    options: RenderOptions,
    seeds: Iterable[int],
    write: Callable[[str, bytes], None],
    report: Callable[[int], object],
) -> None:
    """Generate the images of seeds.

    Args:
        model: a started generator.
        settings: of batches and metadata.
        options: what is generated.
        seeds: one image each.
        write: stores a file under a name; called in worker threads.
        report: called with the number of images written since the last call.
    """
    metadata, until = packages.metadata(settings, model, options.truncation), packages.deadline()
    encode = partial(output.encode_one, form=options.form, metadata=metadata)

    async def generate(some: tuple[int, ...]) -> None:
        resolver = LatentResolver(model.manifest, options.class_, options.truncation)
        points = [resolver.seed(seed) for seed in some]
        files = await Generation(model, resolver, points, until).files(encode, PhaseTimer())
        await asyncio.to_thread(save, some, files)
        report(len(some))

    def save(some: tuple[int, ...], files: list[bytes]) -> None:
        for seed, data in zip(some, files, strict=True):
            write(options.name(seed), data)

    # While some batches run, as many are written by other threads, since disks are slow.
    rest = iter(seeds)
    batches = iter(lambda: tuple(islice(rest, _BATCHES * settings.max_batch_size)), ())
    await packages.each(batches, 2 * settings.execution().instances + 2, generate)
