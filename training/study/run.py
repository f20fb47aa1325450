"""Trains and measures the runs of a study, one after the other; what is finished is not done again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import commands
from training.runs.folder import Run, RunError, open_run
from training.study.plans import Study


@dataclass(frozen=True)
class Outcome:
    """What came of one run.

    Attributes:
        label: of the run in its study.
        run: where it lies.
        metrics: what `evaluate` measured of its end, as it was kept.
    """

    label: str
    run: Run
    metrics: list[dict[str, Any]]


def run(name: str, study: Study, folder: Path, out: Path, accelerator: str) -> Iterator[Outcome]:
    """Trains and measures what is not there yet.

    Args:
        name: of the study, kept as the runs' recipe.
        study: what is compared.
        folder: of the data set.
        out: where the runs lie, one folder each.
        accelerator: what to train on.

    Yields:
        Each run as it is finished.

    Raises:
        RunError: a folder holds a run of another configuration.
    """
    for label, config in study.runs.items():
        kept = Run(out / slug(label), name, config, folder)
        if not kept.checkpoint.exists():
            commands.train(kept, accelerator, 1, None)
        found = open_run(kept.folder, folder)
        if found.config != config:
            raise RunError(f"{kept.folder} holds a run of another configuration: choose another --out")
        if not found.metrics(config.total_steps):
            commands.resume(found, accelerator, 1)
            commands.evaluate(found.folder, folder, accelerator=accelerator)
        yield Outcome(label, found, found.metrics(config.total_steps))


def slug(label: str) -> str:
    """A label as the name of a file."""
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
