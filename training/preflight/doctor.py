"""Checks of a recipe, a data set and a device before a run is started.

Trains a few steps on the real data and discards the result.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from lightning_fabric import Fabric

from training import classifiers, data, evaluate, objectives
from training.config import GenerativeConfig, TrainingConfig
from training.config.recipes import RECIPES, hours
from training.data import DataError
from training.evaluate import selection
from training.preflight import dataset_survey, step_timing
from training.preflight.dataset_survey import Survey
from training.preflight.step_timing import Timing
from training.runs import devices
from training.runs.folder import Run, RunError

_LONG_H = 24.0
_CHECKPOINTS = 3  # the newest, the best, and one that is being written


class Diagnosis(NamedTuple):
    """The findings about a planned run.

    Attributes:
        lines: (name, text), in order.
        warnings: sentences: training works, but not as well, or not as fast, as it could.
        problems: sentences: why training cannot start.
    """

    lines: list[tuple[str, str]]
    warnings: list[str]
    problems: list[str]

    def text(self) -> str:
        """All findings as aligned text."""
        findings = [("warning", words) for words in self.warnings] + [("problem", words) for words in self.problems]
        return "\n".join(f"{name:<12}{words}" for name, words in [*self.lines, *findings])


def examine(run: Run, accelerator: str, out: Path | None = None, budget_s: float = 10.0) -> Diagnosis:
    """Reads the data, trains a few steps, generates a few samples, and reports what to expect.

    Args:
        run: recipe, configuration and data; its folder is not used.
        accelerator: `auto`, `cpu` or `cuda`.
        out: the planned run folder; None to skip its checks.
        budget_s: time for the timed steps, in seconds.

    Raises:
        ValueError: the accelerator is not available.
    """
    config = run.config
    surveyed = dataset_survey.survey(config, run.data)
    fabric = devices.open_fabric(config, accelerator, 1)
    side = f", {config.images.crop_px} px crops" if config.images else ""
    found = Diagnosis(
        [
            ("recipe", f"{run.recipe}: {config.method} on {config.dataset}{side}, batches of {config.batch_size}"),
            ("data", str(run.data)),
            *surveyed.lines,
            ("device", f"{devices.describe(fabric)}, {fabric._precision.precision}"),
        ],
        surveyed.warnings,
        surveyed.problems,
    )
    found.warnings.extend(_device_warnings(config, fabric))
    found.warnings.extend(_classifier_warnings(config))
    measured = _time(config, surveyed, fabric, found.problems, budget_s)
    if measured is not None:
        found.problems.extend(_sample_problems(config, surveyed, fabric))
        found.lines.extend(_expected(config, measured, surveyed))
        found.warnings.extend(_time_warnings(run, measured, fabric))
    if out is not None:
        found.problems.extend(_folder_problems(run, out, measured))
        found.lines.append(("disk", f"{_size(_free_bytes(out))} free for {out}"))
    return found


def _time(
    config: TrainingConfig, surveyed: Survey, fabric: Fabric, problems: list[str], budget_s: float
) -> Timing | None:
    if surveyed.train is None:
        return None
    try:
        return step_timing.measure(config, surveyed.train, fabric, budget_s)
    except (DataError, ValueError) as error:
        problems.append(str(error))
    except torch.OutOfMemoryError:
        problems.append(f"a step does not fit into the GPU's memory: give less than --batch-size {config.batch_size}")
    return None


def _sample_problems(config: TrainingConfig, surveyed: Survey, fabric: Fabric) -> list[str]:
    """Generates the sample grid with which a run starts, and returns the problems."""
    assert surveyed.train is not None
    try:
        placed = data.place(surveyed.train, fabric.device)
        shown = placed if surveyed.held is None else data.place(surveyed.held, fabric.device)
        objective = objectives.build(config, placed, fabric)
        evaluate.sample_grid(
            objective, evaluate.samplers(objective), config, shown, selection.selection_classifier(config.dataset)
        )
    except torch.OutOfMemoryError:
        return ["generating samples does not fit into the GPU's memory: give smaller networks or images"]
    except (ValueError, RuntimeError) as error:
        return [f"the first samples cannot be generated: {' '.join(str(error).split())}"]
    return []


def _expected(config: TrainingConfig, measured: Timing, surveyed: Survey) -> list[tuple[str, str]]:
    networks = ", ".join(f"{name} {count / 1e6:.2f} M" for name, count in measured.parameters.items())
    images = surveyed.train.nbytes if surveyed.train is not None else 0
    peak = "" if measured.peak_bytes is None else f"; at most {_size(measured.peak_bytes)} in use during a step"
    state = f"weights, optimisers and averages {_size(measured.state_bytes)}, images {_size(images)}"
    speed = f"{measured.images_per_s:,.1f} images/s; a step {1e3 * measured.step_s:,.0f} ms, {measured.steps} timed"
    length = f"{duration(config, measured.images_per_s)} for {config.total_nimg:,} images, without measuring samples"
    return [
        ("parameters", networks),
        ("memory", state + peak),
        ("speed", speed),
        ("time", length),
        ("checkpoint", f"about {_size(measured.state_bytes)}"),
    ]


def duration(config: TrainingConfig, images_per_s: float) -> str:
    """The duration of a whole run as text, in a suitable unit."""
    length_h = hours(config, images_per_s)
    if length_h < 2.0:
        return f"{60.0 * length_h:.0f} minutes"
    return f"{length_h:.1f} hours" if length_h < 2 * _LONG_H else f"{length_h / 24.0:.1f} days"


def _time_warnings(run: Run, measured: Timing, fabric: Fabric) -> list[str]:
    sentences: list[str] = []
    cores, load = os.cpu_count() or 1, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if fabric.device.type == "cpu" and load > cores + 1:
        sentences.append(
            f"other work kept this machine busy (load {load:.1f} on {cores} cores): alone, training is faster"
        )
    if fabric.device.type == "cpu" and hours(run.config, measured.images_per_s) > _LONG_H:
        long = f"without a GPU the run takes {duration(run.config, measured.images_per_s)}"
        small = RECIPES.get(f"{run.recipe}-small")
        instead = f": take {run.recipe}-small" if small else ": give fewer images (--total-nimg) or smaller networks"
        usual = f", which takes {duration(small.config, small.images_per_s)} on two cores" if small else ""
        sentences.append(long + instead + usual)
    return sentences


def _device_warnings(config: TrainingConfig, fabric: Fabric) -> list[str]:
    if devices.computes_bf16(fabric.device.type == "cuda"):
        return []
    if config.precision == "bf16-mixed":
        return ["precision is bf16-mixed, but this device has no bf16 arithmetic and is slower with it: leave it out"]
    return ["this device has no bf16 arithmetic: training runs in float32, at about half the speed"]


def _classifier_warnings(config: TrainingConfig) -> list[str]:
    if not isinstance(config, GenerativeConfig) or classifiers.find(config.dataset) is not None:
        return []
    return [f"there is no classifier of {config.dataset}: `evaluate` leaves out the metrics that need a classifier"]


def _folder_problems(run: Run, out: Path, measured: Timing | None) -> Sequence[str]:
    sentences: list[str] = []
    try:
        Run(out, run.recipe, run.config, run.data).refuse_another()
    except RunError as error:
        sentences.append(str(error))
    needed, free = _CHECKPOINTS * (measured.state_bytes if measured else 0), _free_bytes(out)
    if free < needed:
        sentences.append(f"{out} has {_size(free)} left, but checkpoints need {_size(needed)}: choose another --out")
    return sentences


def _free_bytes(out: Path) -> int:
    """Free bytes on the disk of a folder, which need not exist yet."""
    folder = out.resolve()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"
