"""A whole run: the model opened, what is missing found out, made here or on a cluster, and summed up."""

from dataclasses import dataclass
from pathlib import Path

from service.batch import model as packages
from service.batch import render, sinks, sources, translate
from service.batch.errors import BatchError
from service.batch.progress import Progress
from service.batch.render import Seeds
from service.imaging.codecs import StillFormat
from service.pipelines.resolve import LatentResolver, class_in_query
from service.repository.loaded_model import LoadedModel
from service.repository.manifest import Task
from service.settings import Settings


@dataclass(frozen=True)
class RenderOrder:
    """What `render` was asked for; see the command's help."""

    model: str
    seeds: Seeds
    class_: str | None
    truncation: float
    form: StillFormat
    out: Path
    on_ray: bool = False


@dataclass(frozen=True)
class TranslateOrder:
    """What `translate` was asked for; see the command's help."""

    model: str
    source: Path
    fit: str
    form: StillFormat
    out: Path
    on_ray: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Attributes:
        made: files that it wrote.
        before: files that were there when it began.
        bad: files that could not be made.
        seconds: that it took.
    """

    made: int
    before: int
    bad: int
    seconds: float

    def sentence(self, out: Path) -> str:
        """The same for whoever ran it."""
        rate = self.made / max(self.seconds, 1e-9)
        parts = [f"{self.made:,} pictures written to {out} in {self.seconds:.1f} s ({rate:,.1f} images/s)"]
        parts += [f"{self.before:,} were there already"] if self.before else []
        parts += [f"{self.bad:,} bad files were passed over"] if self.bad else []
        return "; ".join(parts)


def render_all(settings: Settings, order: RenderOrder) -> Outcome:
    """Draws the seeds whose files are missing.

    Raises:
        GanvasError: something that was asked for is wrong.
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
    asked = render.Asked(class_, order.truncation, order.form)
    record = packages.record(settings, model, order.form, {"class": blend, "truncation": order.truncation})
    with sinks.opened(order.out, record) as sink:
        there = sum(asked.name(seed) in sink.names for seed in order.seeds) if sink.names else 0
        missing = (seed for seed in order.seeds if asked.name(seed) not in sink.names)
        with Progress(len(order.seeds), there, warnings) as progress:
            if order.on_ray:
                from service.batch import cluster

                cluster.render(settings, model, asked, missing, sink.write, progress.add)
            else:
                packages.run(model, render.drawn(model, settings, asked, missing, sink.write, progress.add))
        sink.finish()
    return Outcome(progress.count, there, 0, progress.seconds)


def translate_all(settings: Settings, order: TranslateOrder) -> Outcome:
    """Translates the pictures whose files are missing; bad ones are named and passed over.

    Raises:
        GanvasError: something that was asked for is wrong.
    """
    if order.out.resolve().is_relative_to(order.source.resolve()):
        raise BatchError(f"{order.out} lies in {order.source}; choose another place for the result")
    with sources.opened(order.source) as source:
        asked = translate.Asked(order.fit, order.form)
        names = asked.names(source.names)
        if not names:
            raise BatchError(f"{order.source} holds no files")
        model, warnings = _opened(settings, order.model, "translate")
        record = packages.record(settings, model, order.form, {"fit": order.fit, "tile_px": settings.tile_px})
        with sinks.opened(order.out, record) as sink:
            missing = {name: new for name, new in names.items() if new not in sink.names}
            bad = 0
            with Progress(len(names), len(names) - len(missing), warnings) as progress:

                def tell(name: str, fault: str | None) -> None:
                    nonlocal bad
                    if fault is None:
                        progress.add()
                    else:
                        bad += 1
                        progress.say(f"passed over {name}: {fault}")

                if order.on_ray:
                    from service.batch import cluster

                    cluster.translate(settings, model, asked, missing, order.source, sink.write, tell)
                else:
                    work = translate.translated(model, settings, asked, missing, source, sink.write, tell)
                    packages.run(model, work)
            sink.finish()
    return Outcome(progress.count, len(names) - len(missing), bad, progress.seconds)


def _opened(settings: Settings, reference: str, task: Task) -> tuple[LoadedModel, tuple[str, ...]]:
    found = packages.open_model(settings, reference, task)
    return found.model, found.warnings
