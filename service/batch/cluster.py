"""Batch runs on a Ray cluster by Ray Data: actors hold the network, this process writes the files.

The package is sent to the actors, so that a node needs this software but no models folder. The nodes read the images to
translate from the same path. Only this module imports Ray, on demand.
"""

import asyncio
import logging
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from service.batch import model as packages
from service.batch import render as rendering
from service.batch import sources
from service.batch import translate as translating
from service.batch.errors import BatchError
from service.repository.loaded_model import LoadedModel
from service.repository.manifest import Task
from service.settings import Settings

_ROWS = 64  # per block: the input of one call of an actor
_SEEDS_AT_ONCE = 1_000_000  # per data set

Batch = dict[str, Any]


def render(
    settings: Settings,
    model: LoadedModel,
    options: rendering.RenderOptions,
    seeds: Iterator[int],
    write: Callable[[str, bytes], None],
    report: Callable[[int], object],
) -> None:
    """Generate the images of seeds on a cluster; see `render.render_seeds`.

    Raises:
        BatchError: Ray is not installed, or there is no cluster at RAY_ADDRESS.
    """
    while some := list(islice(seeds, _SEEDS_AT_ONCE)):
        rows = [{"seed": seed} for seed in some]
        for name, data, _ in _mapped(rows, _Renderer, (_packed(settings, model, "generate"), options)):
            write(name, data)
            report(1)


def translate(
    settings: Settings,
    model: LoadedModel,
    options: translating.TranslateOptions,
    names: Mapping[str, str],
    source: Path,
    write: Callable[[str, bytes], None],
    report: Callable[[str, str | None], None],
) -> None:
    """Translate images on a cluster; see `translate.translate_images`.

    Args:
        settings: as there.
        model: likewise.
        options: likewise.
        names: likewise.
        source: the folder or zip, at this path on every node.
        write: as there.
        report: likewise.
    """
    rows = [{"name": name, "new": new} for name, new in names.items()]
    arguments = (_packed(settings, model, "translate"), options, source.resolve())
    for name, data, fault in _mapped(rows, _Translator, arguments):
        if not fault:
            write(names[name], data)
        report(name, fault or None)


class _Worker:
    """An actor that holds a model and uses one thread: actors share a node's cores."""

    def __init__(self, packed: "_Package") -> None:
        settings, reference, task, files = packed
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder, *reference.split("@"))
            package.mkdir(parents=True)
            for name, data in files.items():
                (package / name).write_bytes(data)
            here = Settings(**{**settings, "models_dir": Path(folder), "threads": 1, "instances": 1})
            self.model = packages.open_model(here, reference, task).model
        self.settings = here
        # The model's queues live as long as the actor, on an event loop that runs during calls only.
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._start())

    async def _start(self) -> None:
        self.model.start()

    def run(self, work: Coroutine[None, None, None]) -> None:
        """Run work with the model."""
        self._loop.run_until_complete(work)


class _Renderer(_Worker):
    def __init__(self, packed: "_Package", options: rendering.RenderOptions) -> None:
        super().__init__(packed)
        self._options = options

    def __call__(self, batch: Batch) -> Batch:
        files: dict[str, bytes] = {}
        seeds = [int(seed) for seed in batch["seed"]]
        self.run(
            rendering.render_seeds(
                self.model, self.settings, self._options, seeds, files.__setitem__, lambda _count: None
            )
        )
        return _table(list(files), files, {})


class _Translator(_Worker):
    def __init__(self, packed: "_Package", options: translating.TranslateOptions, source: Path) -> None:
        super().__init__(packed)
        self._options, self._source = options, source

    def __call__(self, batch: Batch) -> Batch:
        files: dict[str, bytes] = {}
        faults: dict[str, str] = {}
        names = {str(name): str(name) for name in batch["name"]}

        def report(name: str, fault: str | None) -> None:
            if fault is not None:
                faults[name] = fault

        with sources.opened(self._source) as source:
            self.run(
                translating.translate_images(
                    self.model, self.settings, self._options, names, source, files.__setitem__, report
                )
            )
        return _table(list(names), files, faults)


_Package = tuple[dict[str, Any], str, Task, dict[str, bytes]]


def _packed(settings: Settings, model: LoadedModel, task: Task) -> _Package:
    """Everything that an actor needs to open the model."""
    about = model.manifest
    folder = settings.models_dir / about.name / str(about.version)
    names = ["manifest.json", about.preview, *(network.file for network in about.networks.values())]
    return dict(settings), model.name, task, {name: (folder / name).read_bytes() for name in names}


def _table(names: Sequence[str], files: Mapping[str, bytes], faults: Mapping[str, str]) -> Batch:
    return {
        "name": list(names),
        "data": [files.get(name, b"") for name in names],
        "fault": [faults.get(name, "") for name in names],
    }


def _mapped(
    rows: list[dict[str, Any]], worker: type[_Worker], arguments: tuple[Any, ...]
) -> Iterator[tuple[str, bytes, str]]:
    """(name, bytes, error) of each row, in any order."""
    ray = _ray()
    if not rows:
        return
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    blocks = -(-len(rows) // _ROWS)
    data = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
        worker,
        fn_constructor_args=arguments,
        batch_size=_ROWS,
        num_cpus=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=min(cores, blocks)),
    )
    for row in data.iter_rows():
        yield row["name"], row["data"], row["fault"]


def _ray() -> Any:
    """Ray, connected to the cluster at RAY_ADDRESS, or to one started on this machine."""
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise BatchError("--ray needs the extra ray: in Ganvas's folder, pip install --editable '.[ray]'") from error
    if not ray.is_initialized():
        try:
            ray.init(log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise BatchError(f"no Ray cluster is available: {error}") from error
    ray.data.DataContext.get_current().enable_progress_bars = False  # the run has its own
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray
