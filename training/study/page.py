"""The results of a study as Markdown: tables, charts, and the last samples of each run as image files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from service.imaging import codecs
from training.config import TranslationConfig
from training.loop.journal import read
from training.report import charts
from training.report.charts import Chart, Series
from training.study.plans import Study
from training.study.run import Outcome, slug

_ROWS = 4  # of eight samples
_SAMPLES = "evaluation.png"


def write(name: str, study: Study, outcomes: Sequence[Outcome], folder: Path) -> Path:
    """Writes FOLDER/NAME.md and the images that it shows.

    Args:
        name: name of the study.
        study: title, source and metrics.
        outcomes: all its runs, measured.
        folder: created if it is missing.

    Returns:
        The page's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = outcomes[0].run.config
    seen = " / ".join(dict.fromkeys(f"{outcome.run.config.total_nimg:,}" for outcome in outcomes))
    parts = [
        f"# {study.title}",
        f"{study.source}; here on {config.dataset}, {seen} images seen per run, seed {config.seed}, on "
        f"{outcomes[0].run.device}. Command:",
        f"    python -m training study {name} --data PATH --out RUNS --page docs/studies",
        *_tables(study, outcomes),
    ]
    for number, chart in enumerate(_charts(outcomes), 1):
        file = folder / f"{name}-{number}.svg"
        file.write_text(charts.standalone(chart))
        parts.append(f"![{chart.title}]({file.name})" + (f"\n\n{chart.note}" if chart.note else ""))
    parts.append(_images(name, outcomes, folder))
    page = folder / f"{name}.md"
    page.write_text("\n\n".join(parts) + "\n")
    return page


def _tables(study: Study, outcomes: Sequence[Outcome]) -> list[str]:
    """Returns one Markdown table per direction; a generator has a single one."""
    directions = dict.fromkeys(item["direction"] for outcome in outcomes for item in outcome.metrics)
    found = []
    for direction in directions:
        by_run = [
            {item["name"]: item for item in outcome.metrics if item["direction"] == direction} for outcome in outcomes
        ]
        names = [name for name in study.numbers if any(name in metrics for metrics in by_run)]
        heads = [
            "run" if not direction else direction.replace("2", " to "),
            *(name.replace("_", " ") for name in names),
        ]
        rows = [heads, ["---"] * len(heads)]
        rows += [
            [outcome.label, *(_value(metrics.get(name, {}).get("value")) for name in names)]
            for outcome, metrics in zip(outcomes, by_run, strict=True)
        ]
        floors = [next((m[name]["floor"] for m in by_run if name in m), None) for name in names]
        if any(floor is not None for floor in floors):
            rows.append(["*real data*", *(_value(floor) for floor in floors)])
        found.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return found


def _value(number: float | None) -> str:
    return "" if number is None else f"{number:.4g}"


def _charts(outcomes: Sequence[Outcome]) -> list[Chart]:
    """Charts of the sample quality during training, and of each discriminator's own estimate."""
    measured, estimated = [], []
    what = ""
    for outcome in outcomes:
        lines = read(outcome.run.folder, "measurements")
        what = lines[0]["name"].replace("_", " ") if lines else what
        measured.append(Series(outcome.label, [line["nimg"] for line in lines], [line["value"] for line in lines]))
        lines = read(outcome.run.folder, "snapshots")
        peak = max((abs(line["estimate"]) for line in lines), default=1.0) or 1.0
        steps, shares = [line["step"] for line in lines], [line["estimate"] / peak for line in lines]
        estimated.append(Series(outcome.label, steps, shares))
    found = [
        charts.lines(f"{what}, held-out images", measured, "images seen", note="Less is better."),
        charts.lines(
            "The discriminator's own estimate of the distance, as a share of its peak", estimated, "step", log_x=True
        ),
    ]
    return [chart for chart in found if chart is not None]


def _images(name: str, outcomes: Sequence[Outcome], folder: Path) -> str:
    """Writes the last images of each run, and returns a table that shows them side by side."""
    cells = []
    for outcome in outcomes:
        pixels = codecs.decode((outcome.run.folder / "samples" / _SAMPLES).read_bytes(), max_pixels=2**24)
        if not isinstance(outcome.run.config, TranslationConfig):
            pixels = np.ascontiguousarray(pixels[: pixels.shape[0] * _ROWS // 8])
        file = folder / f"{name}-{slug(outcome.label)}.webp"
        file.write_bytes(codecs.encode(pixels, "webp"))
        cells.append(f"![{outcome.label}]({file.name})")
    heads = [outcome.label for outcome in outcomes]
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), cells))
