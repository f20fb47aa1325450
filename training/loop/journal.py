"""The logs that a run writes while it trains: lines of numbers, alarms and sample grids.

RUN/metrics.jsonl       losses
RUN/alarms.jsonl        alarms: the step at which each began and ended
RUN/measurements.jsonl  measurements on held-out images
RUN/snapshots.jsonl     the discriminator's own estimate and an independent distance of the samples
RUN/tensorboard/        the same for TensorBoard, with the sample grids
RUN/samples/            the sample grids
"""

import json
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training import evaluate
from training.runs.files import write_text

Name = Literal["metrics", "alarms", "measurements", "snapshots"]
_NAMES: tuple[Name, ...] = ("metrics", "alarms", "measurements", "snapshots")


class Journal:
    """The log files of one run, open for appending. Each line has a `step`; resuming drops the lines after its step."""

    def __init__(self, folder: Path, step: int) -> None:
        """Opens the files.

        Args:
            folder: folder of the run.
            step: step of the checkpoint that the run resumes from. Lines that a killed run wrote later are dropped.
        """
        self._folder = folder
        self._started_s = time.time()
        for name in _NAMES:
            _drop_after(folder, name, step)
        self._losses = (folder / "metrics.jsonl").open("a", buffering=1)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def losses(self, step: int, nimg: int, values: dict[str, float], rate: float | None) -> None:
        """Appends one line of losses.

        Args:
            step: training steps so far.
            nimg: real images seen so far.
            values: losses by name.
            rate: images per second, if known.
        """
        line = {"step": step, "nimg": nimg, "seconds": round(time.time() - self._started_s, 3), **values}
        self._losses.write(json.dumps(line) + "\n")
        for name, number in values.items():
            self._board.add_scalar(f"train/{name}", number, step)
        if rate:
            self._board.add_scalar("train/images_per_s", rate, step)

    def numbers(self, name: Name, step: int, nimg: int, values: dict[str, Any]) -> None:
        """Appends one line to `measurements` or `snapshots`, and logs its floats to TensorBoard."""
        self._append(name, {"step": step, "nimg": nimg, **values})
        for key, value in values.items():
            if isinstance(value, float):
                self._board.add_scalar(f"{name}/{key}", value, step)

    def alarm(self, step: int, nimg: int, subject: str, sentence: str, over: bool) -> None:
        """Appends an alarm that begins or ends, and prints it."""
        self._append("alarms", {"step": step, "nimg": nimg, "subject": subject, "sentence": sentence, "over": over})
        self._board.add_text("alarms", sentence, step)
        tqdm.write(f"{'over' if over else 'ALARM'} at step {step:,}: {sentence}")

    def grid(self, step: int, nimg: int, pixels: NDArray[np.uint8]) -> None:
        """Saves one sample grid, (H, W, C) uint8."""
        evaluate.save_png(pixels, self._folder / "samples" / f"{nimg:09d}.png")
        self._board.add_image("samples", pixels, step, dataformats="HWC")

    def lines(self, name: Name) -> list[dict[str, Any]]:
        """Returns the lines that were written so far."""
        return read(self._folder, name)

    def close(self) -> None:
        """Flushes and closes the files."""
        self._losses.close()
        self._board.close()

    def _append(self, name: Name, line: dict[str, Any]) -> None:
        with (self._folder / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def read(folder: Path, name: Name) -> list[dict[str, Any]]:
    """Reads the complete lines of a run's file; an absent file has none. An incomplete last line is skipped."""
    path = folder / f"{name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _drop_after(folder: Path, name: Name, step: int) -> None:
    path = folder / f"{name}.jsonl"
    before = path.read_text() if path.exists() else ""
    kept = "".join(json.dumps(line) + "\n" for line in read(folder, name) if line["step"] <= step)
    if kept != before:  # also if the last line is incomplete
        write_text(path, kept)
