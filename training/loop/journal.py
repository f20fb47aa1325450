"""What a run writes down while it trains: lines of numbers, alarms and sample grids. Knows files, and no rules.

RUN/metrics.jsonl       losses
RUN/alarms.jsonl        what went wrong when, and when it was over
RUN/measurements.jsonl  what was measured on held-out images
RUN/snapshots.jsonl     the discriminator's own estimate beside the samples' distance
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
    """The files of one run, open for appending. Lines have a `step`, and those after the resumed step are dropped."""

    def __init__(self, folder: Path, step: int) -> None:
        """Opens the files.

        Args:
            folder: of the run.
            step: of the checkpoint that is gone on from. What a killed run wrote after it will be written again.
        """
        self._folder = folder
        self._started_s = time.time()
        for name in _NAMES:
            _drop_after(folder, name, step)
        self._losses = (folder / "metrics.jsonl").open("a", buffering=1)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def losses(self, step: int, nimg: int, values: dict[str, float], rate: float | None) -> None:
        """One line of named numbers."""
        line = {"step": step, "nimg": nimg, "seconds": round(time.time() - self._started_s, 3), **values}
        self._losses.write(json.dumps(line) + "\n")
        for name, number in values.items():
            self._board.add_scalar(f"train/{name}", number, step)
        if rate:
            self._board.add_scalar("train/images_per_s", rate, step)

    def numbers(self, name: Name, step: int, nimg: int, values: dict[str, Any]) -> None:
        """One line of `measurements` or `snapshots`; its numbers go to TensorBoard too."""
        self._append(name, {"step": step, "nimg": nimg, **values})
        for key, value in values.items():
            if isinstance(value, float):
                self._board.add_scalar(f"{name}/{key}", value, step)

    def alarm(self, step: int, nimg: int, subject: str, sentence: str, over: bool) -> None:
        """An alarm that begins or is over; people see it at once."""
        self._append("alarms", {"step": step, "nimg": nimg, "subject": subject, "sentence": sentence, "over": over})
        self._board.add_text("alarms", sentence, step)
        tqdm.write(f"{'over' if over else 'ALARM'} at step {step:,}: {sentence}")

    def grid(self, step: int, nimg: int, pixels: NDArray[np.uint8]) -> None:
        """One sample grid, (H, W, C) uint8."""
        evaluate.save_png(pixels, self._folder / "samples" / f"{nimg:09d}.png")
        self._board.add_image("samples", pixels, step, dataformats="HWC")

    def lines(self, name: Name) -> list[dict[str, Any]]:
        """What was written so far."""
        return read(self._folder, name)

    def close(self) -> None:
        """Writes out what is buffered."""
        self._losses.close()
        self._board.close()

    def _append(self, name: Name, line: dict[str, Any]) -> None:
        with (self._folder / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")


def read(folder: Path, name: Name) -> list[dict[str, Any]]:
    """The whole lines of a run's file; none where there is no file. A last line that a kill cut off is left out."""
    path = folder / f"{name}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _drop_after(folder: Path, name: Name, step: int) -> None:
    path = folder / f"{name}.jsonl"
    before = path.read_text() if path.exists() else ""
    kept = "".join(json.dumps(line) + "\n" for line in read(folder, name) if line["step"] <= step)
    if kept != before:  # also where a kill cut the last line off
        write_text(path, kept)
