"""A whole run: open the model, find the missing files, generate them here or on a cluster, and summarise."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from service.batch import model as packages
from service.batch import render, sinks, sources, translate
from service.batch.errors import BatchError
from service.batch.render import Seeds
from service.imaging.codecs import StillFormat
from service.pipelines.resolve import LatentResolver, class_in_query
from service.repository.loaded_model import LoadedModel
from service.repository.manifest import Task
from service.settings import Settings

_LOG_INTERVAL_S = 30.0


@dataclass(frozen=True)
class RenderOrder:
    """Arguments of `render`; see the command's help."""

    model: str
    seeds: Seeds
    class_: str | None
    truncation: float
    form: StillFormat
    out: Path
    on_ray: bool = False


@dataclass(frozen=True)
class TranslateOrder:
    """Arguments of `translate`; see the command's help."""

    model: str
    source: Path
    fit: str
    form: StillFormat
    out: Path
    on_ray: bool = False


@dataclass(frozen=True)
class Outcome:
    """The result of a run.

    Attributes:
        made: number of files written.
        before: number of files that existed before it.
        bad: number of files that failed.
        seconds: duration.
    """

    made: int
    before: int
    bad: int
    seconds: float

    def sentence(self, out: Path) -> str:
        """One sentence for the user."""
        rate = self.made / max(self.seconds, 1e-9)
        parts = [f"{self.made:,} images written to {out} in {self.seconds:.1f} s ({rate:,.1f} images/s)"]
        parts += [f"{self.before:,} existed already"] if self.before else []
        parts += [f"{self.bad:,} bad files were skipped"] if self.bad else []
        return "; ".join(parts)


def render_all(settings: Settings, order: RenderOrder) -> Outcome:
    """Generate the images of the seeds whose files are missing.

    Raises:
        GanvasError: the order is wrong.
    """
    if not 0.0 < order.truncation <= 1.0:
        raise BatchError(f"--truncation must be above 0 and at most 1, but it is {order.truncation}")
    model, warnings = _opened(settings, order.model, "generate")
    class_ = class_in_query(model.manifest, order.class_)
    blend = (
        None
        if class_ is None
        else LatentResolver(model.manifest).name_of(LatentResolver(model.manifest).blend_of(class_))
    )
    options = render.RenderOptions(class_, order.truncation, order.form)
    record = packages.record(settings, model, order.form, {"class": blend, "truncation": order.truncation})
    started = time.monotonic()
    with sinks.opened(order.out, record) as sink:
        there = sum(options.name(seed) in sink.names for seed in order.seeds) if sink.names else 0
        missing = (seed for seed in order.seeds if options.name(seed) not in sink.names)
        with _progress(len(order.seeds), there, warnings) as progress:
            if order.on_ray:
                from service.batch import cluster

                cluster.render(settings, model, options, missing, sink.write, progress.update)
            else:
                packages.run(model, render.render_seeds(model, settings, options, missing, sink.write, progress.update))
        sink.finish()
    return Outcome(int(progress.n) - there, there, 0, time.monotonic() - started)


def translate_all(settings: Settings, order: TranslateOrder) -> Outcome:
    """Translate the images whose results are missing; bad files are reported and skipped.

    Raises:
        GanvasError: the order is wrong.
    """
    if order.out.resolve().is_relative_to(order.source.resolve()):
        raise BatchError(f"{order.out} lies in {order.source}; choose another place for the result")
    with sources.opened(order.source) as source:
        options = translate.TranslateOptions(order.fit, order.form)
        names = options.names(source.names)
        if not names:
            raise BatchError(f"{order.source} holds no files")
        model, warnings = _opened(settings, order.model, "translate")
        record = packages.record(settings, model, order.form, {"fit": order.fit, "tile_px": settings.tile_px})
        with sinks.opened(order.out, record) as sink:
            missing = {name: new for name, new in names.items() if new not in sink.names}
            bad, there, started = 0, len(names) - len(missing), time.monotonic()
            with _progress(len(names), there, warnings) as progress:

                def report(name: str, fault: str | None) -> None:
                    nonlocal bad
                    if fault is None:
                        progress.update()
                    else:
                        bad += 1
                        progress.write(f"skipped {name}: {fault}", file=sys.stderr)

                if order.on_ray:
                    from service.batch import cluster

                    cluster.translate(settings, model, options, missing, order.source, sink.write, report)
                else:
                    work = translate.translate_images(model, settings, options, missing, source, sink.write, report)
                    packages.run(model, work)
            sink.finish()
    return Outcome(int(progress.n) - there, there, bad, time.monotonic() - started)


def _opened(settings: Settings, reference: str, task: Task) -> tuple[LoadedModel, tuple[str, ...]]:
    found = packages.open_model(settings, reference, task)
    return found.model, found.warnings


def _progress(total: int, done: int, warnings: Sequence[str]) -> "tqdm[NoReturn]":
    """A progress bar on the standard error output; on anything but a terminal, one line every half minute."""
    is_terminal = sys.stderr.isatty()
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return tqdm(
        total=total,
        initial=done,
        unit="img",
        mininterval=0.1 if is_terminal else _LOG_INTERVAL_S,
        maxinterval=_LOG_INTERVAL_S,
        file=sys.stderr,
    )
