"""Open the package that a run names, as the service would, and run work on its networks in an event loop."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from service.batch.errors import BatchError
from service.batch.record import Record
from service.errors import PackageError
from service.imaging import codecs
from service.imaging.codecs import StillFormat
from service.inference import session
from service.inference.engine import ExecutionConfig
from service.pipelines import provenance
from service.pipelines.output import Metadata
from service.repository import manifest
from service.repository.loaded_model import LoadedModel
from service.repository.loader import open_package
from service.repository.manifest import NAME_PATTERN, Task
from service.settings import Settings
from service.telemetry.metrics import Metrics

T = TypeVar("T")
_FOREVER_S = 1e9
_REFERENCE = re.compile(rf"{NAME_PATTERN.rstrip('$')}(@[1-9][0-9]{{0,9}})?\Z")


@dataclass(frozen=True)
class Opened:
    """A model, and one warning per newer version that is broken."""

    model: LoadedModel
    warnings: tuple[str, ...] = ()


def open_model(settings: Settings, reference: str, task: Task) -> Opened:
    """The model of `name` (its newest valid version) or `name@version`, verified but not started.

    Raises:
        BatchError: there is no such model, it is broken, or it has another task.
    """
    warnings = []
    for folder in _folders(settings.models_dir, reference):
        try:
            model = open_package(folder, execution(settings), Metrics())
        except PackageError as error:
            if "@" in reference:
                raise BatchError(f"{reference} is broken: {error}") from error
            warnings.append(f"{folder.parent.name}@{folder.name} is broken and skipped: {error}")
            continue
        if model.manifest.task != task:
            other = "translates images; use translate" if task == "generate" else "generates from seeds; use render"
            raise BatchError(f"{model.name} {other}")
        return Opened(model, tuple(warnings))
    raise BatchError("; ".join(warnings) or f"{reference} has no version")


def _folders(root: Path, reference: str) -> list[Path]:
    """The packages that match a reference, the newest first."""
    found = sorted(path.parent for path in root.glob(f"*/*/{manifest.FILE_NAME}"))
    name, _, version = reference.partition("@")
    of_name = [path for path in found if path.parent.name == name and path.name.isascii() and path.name.isdigit()]
    meant = [path for path in of_name if version in ("", path.name)]
    if not meant or not _REFERENCE.match(reference):
        known = ", ".join(sorted({path.parent.name for path in found})) or "none"
        raise BatchError(f"there is no model {reference!r} in {root}; there are: {known}")
    return sorted(meant, key=lambda path: int(path.name), reverse=True)


def execution(settings: Settings) -> ExecutionConfig:
    """How networks are run: as in the service, with queues that only the run itself bounds."""
    config = settings.execution(session.resolve_engine(settings.engine_request))
    return replace(config, limits=replace(config.limits, waiting_rows=2**40, waiting_bytes=2**60))


def record(settings: Settings, model: LoadedModel, form: StillFormat, options: Mapping[str, object]) -> Record:
    """Everything that the bytes of a run's files depend on, besides the seed or the source image."""
    return {
        "model": model.name,
        "digest": model.manifest.digest,
        "engine": f"{model.engine} {model.engine_version} {model.precision}",
        "codecs": codecs.codec_versions(),
        "software": provenance.SOFTWARE,
        "format": form,
        "metadata": settings.metadata,
        **options,
    }


def metadata(settings: Settings, model: LoadedModel, truncation: float = 1.0) -> Metadata | None:
    """What a file records about its origin, if the settings allow it."""
    return Metadata(model.manifest.digest, truncation) if settings.metadata else None


def deadline() -> float:
    """A deadline that never passes, in seconds of the event loop's clock."""
    return asyncio.get_running_loop().time() + _FOREVER_S


def run(model: LoadedModel, work: Coroutine[None, None, None]) -> None:
    """Run work with a started model, in a new event loop."""

    async def inside() -> None:
        model.start()
        try:
            await work
        finally:
            await model.close()

    asyncio.run(inside())


async def each(items: Iterable[T], at_once: int, work: Callable[[T], Awaitable[None]]) -> None:
    """Process items in order, `at_once` at a time.

    Raises:
        Exception: the first that the work raised; the rest is cancelled.
    """
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
