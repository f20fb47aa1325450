"""The content of a report: facts, charts and table rows from a run's files. Depends on neither HTML nor networks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from training import config as configs
from training.config.recipes import RECIPES
from training.loop import journal
from training.loop.alarms import warm_steps
from training.metrics import correlation
from training.report import charts
from training.report.charts import Chart, Series
from training.runs.folder import Run

Line = Mapping[str, Any]

# Title of each chart, and the numbers that share it. Any other number gets a chart of its own.
_GROUPS: dict[str, tuple[str, ...]] = {
    "Losses": ("d_loss", "g_loss"),
    "Mean answer of D to real and fake": ("d_real", "d_fake"),
    "The critic's estimate, as it trains": ("distance",),
    "Losses of the translators": ("g_A2B", "g_B2A"),
    "Losses of the discriminators": ("d_A", "d_B"),
    "Way there and back, and identity (L1)": ("cycle", "identity"),
    "Distance to the truth (L1)": ("g_l1",),
}
_SPELLED = {
    "frechet": "Fr\u00e9chet",
    "wasserstein": "Wasserstein",
    "parzen": "Parzen",
    "l1": "L1",
    "psnr": "PSNR",
    "ssim": "SSIM",
}
_NOT_LOSSES = ("step", "nimg", "seconds")
_IMAGES = "real images seen"


class Alarm(NamedTuple):
    """One alarm from its beginning to its end.

    Attributes:
        over: step at which it ended; None while it lasts.
    """

    step: int
    sentence: str
    over: int | None


class Row(NamedTuple):
    """One metric, as text."""

    name: str
    value: str
    floor: str
    protocol: str
    reference: str


@dataclass(frozen=True)
class Told:
    """The content of a run's files.

    Attributes:
        title: name of the recipe.
        description: the recipe in one sentence.
        facts: label and value.
        alarms: those that still last come first.
        warm: warm-up in steps, during which only non-finite numbers raise an alarm.
        losses: charts of the losses.
        estimates: charts of the discriminator's estimate and of the samples' distance.
        measured: charts of the measurements on held-out images.
        speed: charts of images per second.
        metrics: rows by direction; a generator has the direction "".
        metrics_note: the step that the metrics belong to.
        configuration: field and value.
    """

    title: str
    description: str
    facts: list[tuple[str, str]]
    alarms: list[Alarm]
    warm: int
    losses: list[Chart]
    estimates: list[Chart]
    measured: list[Chart]
    speed: list[Chart]
    metrics: dict[str, list[Row]]
    metrics_note: str
    configuration: list[tuple[str, str]]


def gather(run: Run) -> Told:
    """Reads a run's files. If a file is missing, its part is empty."""
    lines = journal.read(run.folder, "metrics")
    measurements, snapshots = (journal.read(run.folder, name) for name in ("measurements", "snapshots"))
    metrics, note = _metrics(run)
    rates = _rates(lines)
    return Told(
        title=run.recipe,
        description=RECIPES[run.recipe].description if run.recipe in RECIPES else f"Method {run.config.method}.",
        facts=_facts(run, lines, measurements, [rate for _, rate in rates]),
        alarms=_alarms(journal.read(run.folder, "alarms")),
        warm=round(warm_steps(run.config.total_steps)),
        losses=_losses(lines),
        estimates=_estimates(snapshots),
        measured=_measured(measurements),
        speed=_drawn(
            charts.lines("Images a second", [_series("images/s", rates)], _IMAGES, note="Between two logged steps.")
        ),
        metrics=metrics,
        metrics_note=note,
        configuration=sorted(_flat(configs.to_json(run.config))),
    )


def _facts(
    run: Run, lines: Sequence[Line], measurements: Sequence[Line], rates: Sequence[float]
) -> list[tuple[str, str]]:
    seen = lines[-1]["nimg"] if lines else 0
    facts = [("images seen", f"{seen:,} \u00b7 {seen / run.config.total_nimg:.0%}")]
    if rates:
        facts.append(("images a second", f"{median(rates):,.0f}" if median(rates) >= 10 else f"{median(rates):.2f}"))
        facts.append(("trained for", _time(sum(max(b["seconds"] - a["seconds"], 0.0) for a, b in pairwise(lines)))))
    if measurements:
        best = min(measurements, key=lambda line: float(line["value"]))
        facts.append((f"best {_words(best['name'])}", f"{best['value']:.4g} at step {best['step']:,}"))
    return [*facts, ("data", run.config.dataset), ("method", run.config.method), ("device", run.device)]


def _alarms(lines: Sequence[Line]) -> list[Alarm]:
    found: dict[str, Alarm] = {}
    done = []
    for line in lines:
        subject = line["subject"]
        if line["over"] and subject in found:
            done.append(found.pop(subject)._replace(over=line["step"]))
        elif not line["over"]:
            found[subject] = Alarm(line["step"], line["sentence"], None)
    return [*sorted(found.values()), *sorted(done)]


def _losses(lines: Sequence[Line]) -> list[Chart]:
    names = [name for name in dict.fromkeys(name for line in lines for name in line) if name not in _NOT_LOSSES]
    groups = {title: [name for name in group if name in names] for title, group in _GROUPS.items()}
    grouped = {name for group in groups.values() for name in group}
    groups |= {name: [name] for name in names if name not in grouped}
    return [
        chart
        for title, group in groups.items()
        for chart in _drawn(charts.lines(title, [_series_of(lines, name, name) for name in group], _IMAGES))
    ]


def _estimates(snapshots: Sequence[Line]) -> list[Chart]:
    name = _distance(snapshots)
    if not name:
        return []
    steps = [float(line["step"]) for line in snapshots]
    estimates, distances = ([float(line[key]) for line in snapshots] for key in ("estimate", name))
    smooth, words = correlation.running_median(estimates), _words(name)
    both = [Series("median of 5", steps, smooth), Series("each snapshot", steps, estimates)]
    found = [
        charts.lines("The discriminator's own estimate", both, "step", log_x=True),
        charts.lines(f"The samples' {words}", [Series(words, steps, distances)], "step", log_x=True),
    ]
    kept = [chart for chart in found if chart is not None]
    if len(snapshots) < 2 * correlation.WINDOW:
        return kept
    rho = correlation.agreement(estimates, distances)
    said = (
        f"Spearman's rho {rho.rho:.2f}, {rho.confidence:.0%} interval {rho.low:.2f} to {rho.high:.2f}, {rho.count} "
        "snapshots; near 1 where the estimate tells how good samples are. Later snapshots are darker."
    )
    return [*kept, charts.scatter("Do they agree?", smooth, distances, "the discriminator's estimate", words, said)]


def _distance(snapshots: Sequence[Line]) -> str:
    names = ("frechet_distance", "sliced_wasserstein")
    return next((name for name in names if len(snapshots) > 1 and name in snapshots[0]), "")


def _measured(measurements: Sequence[Line]) -> list[Chart]:
    if len(measurements) < 2:
        return []
    best, words = min(measurements, key=lambda line: float(line["value"])), _words(measurements[0]["name"])
    others = [key for key in measurements[0] if key not in ("step", "nimg", "name", "value", "best")]
    mark, series = (float(best["nimg"]), float(best["value"])), [_series_of(measurements, "value", words)]
    said = "On held-out images, less is better; the mark is the best checkpoint."
    found = [charts.lines("What chooses the checkpoint", series, _IMAGES, mark=mark, note=said)]
    found += [charts.lines(_words(key), [_series_of(measurements, key, _words(key))], _IMAGES) for key in others]
    return [chart for chart in found if chart is not None]


def _metrics(run: Run) -> tuple[dict[str, list[Row]], str]:
    path = run.folder / "evaluation.json"
    if not path.exists():
        return {}, f"Nothing was measured yet: python -m training evaluate {run.folder.name}"
    kept = json.loads(path.read_text())
    rows: dict[str, list[Row]] = {}
    for item in kept["metrics"]:
        rows.setdefault(item.get("direction", ""), []).append(_row(item))
    seen = f"{kept['step'] * run.config.batch_size:,} images"
    said = f", {kept['finished']}" if kept.get("finished") else ""
    return rows, f"Measured after step {kept['step']:,}, {seen}{said}."


def _row(item: Line) -> Row:
    error, floor = item.get("standard_error"), item.get("floor")
    value = f"{item['value']:.4g}" + ("" if error is None else f" \u00b1 {error:.2g}")
    name, reference = _words(item["name"]), item.get("reference") or ""
    return Row(name, value, "" if floor is None else f"{floor:.4g}", item["protocol"], reference)


def _rates(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Returns (images seen, images per second) between lines; a resumed run's clock restarts at 0."""
    return [
        (float(b["nimg"]), (b["nimg"] - a["nimg"]) / (b["seconds"] - a["seconds"]))
        for a, b in pairwise(lines)
        if b["seconds"] > a["seconds"]
    ]


def _series(name: str, points: Sequence[tuple[float, float]]) -> Series:
    return Series(name, [x for x, _ in points], [y for _, y in points])


def _series_of(lines: Sequence[Line], key: str, name: str) -> Series:
    return _series(name, [(float(line["nimg"]), float(line[key])) for line in lines if key in line])


def _drawn(chart: Chart | None) -> list[Chart]:
    return [] if chart is None else [chart]


def _flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Flattens nested fields to dotted names."""
    found = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{before}{name}.")
        else:
            found.append((f"{before}{name}", _plain(value)))
    return found


def _words(name: str) -> str:
    """Formats the name of a metric for display."""
    return " ".join(_SPELLED.get(word, word) for word in name.split("_"))


def _plain(value: Any) -> str:
    """Formats the value of a field for display."""
    if isinstance(value, list | tuple):
        return ", ".join(_plain(part) for part in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _time(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60.0), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"
