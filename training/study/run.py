"""Trains and measures the runs of a study, one after the other; finished runs are not repeated."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import commands
from training.runs.folder import Run, RunError, open_run
from training.study.plans import Study


@dataclass(frozen=True)
class Outcome:
    """The result of one run.

    Attributes:
        label: label of the run in its study.
        run: the finished run.
        metrics: the metrics that `evaluate` saved after the last step.
    """

    label: str
    run: Run
    metrics: list[dict[str, Any]]


def run(name: str, study: Study, folder: Path, out: Path, accelerator: str) -> Iterator[Outcome]:
    """Trains and measures the runs that are not finished yet.

    Args:
        name: name of the study, saved as the recipe of its runs.
        study: the runs to train.
        folder: folder of the data set.
        out: parent folder of the runs.
        accelerator: `auto`, `cpu` or `cuda`.

    Yields:
        Each run when it is finished.

    Raises:
        RunError: a folder contains a run with another configuration.
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
    """Converts a label to a file name: lower-case words, joined by hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
