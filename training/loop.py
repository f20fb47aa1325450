"""The only training loop: steps, logs, sample grids and checkpoints. Knows nothing about a method's maths."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from training import checkpoint, evaluate, objectives
from training.data import ImageSet, PairSet, open_stream, place
from training.objectives import Objective
from training.run import Run


class Stopped(Exception):
    """The user asked to stop; the checkpoint has been written."""


class Trainer:
    """One run on one fabric: everything that is needed for the next step, and its state."""

    def __init__(
        self, run: Run, data: ImageSet | PairSet, fabric: Fabric, held: ImageSet | PairSet | None = None
    ) -> None:
        """Builds everything anew.

        Args:
            run: what is trained.
            data: the training images.
            fabric: device, precision and processes.
            held: images that are not trained on, to watch the run by; without any, the training images are taken.
        """
        self._run, self._config, self._fabric = run, run.config, fabric
        fabric.seed_everything(self._config.seed, verbose=False)
        placed = place(data, fabric.device)
        # First of all, since it refuses a batch that is larger than the data set.
        self._stream = open_stream(self._config, placed, fabric.global_rank, fabric.world_size)
        self._objective = objectives.build(self._config, placed, fabric)
        self._shown = placed if held is None else place(held, fabric.device)
        self._step = 0

    @property
    def objective(self) -> Objective:
        """What is trained."""
        return self._objective

    @property
    def step(self) -> int:
        """Steps trained so far."""
        return self._step

    @property
    def images_seen(self) -> int:
        """Real images that the steps so far looked at."""
        return self._step * self._config.batch_size

    def snapshot(self) -> NDArray[np.uint8]:
        """What the finished networks give now, (H, W, C): see `evaluate.snapshot`."""
        return evaluate.snapshot(self._objective, self._config, self._shown)

    def state_dict(self) -> dict[str, Any]:
        """Everything that an exact resume needs."""
        return {
            "method": self._config.method,
            "step": self._step,
            "objective": self._objective.state_dict(),
            "stream": self._stream.state_dict(),
            "rng": checkpoint.rng_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a checkpoint.

        Raises:
            CheckpointError: it is of another method or of other networks; this trainer cannot be used any more.
        """
        if state.get("method") != self._config.method:
            raise checkpoint.CheckpointError(
                f"the checkpoint is of method {state.get('method')}, but the run is of method {self._config.method}"
            )
        try:
            self._objective.load_state_dict(state["objective"])
        except (ValueError, RuntimeError, KeyError) as error:
            reason = " ".join(str(error).split())  # torch's has a line for each weight
            raise checkpoint.CheckpointError(f"the checkpoint does not fit the run's networks: {reason}") from error
        self._stream.load_state_dict(state["stream"])
        checkpoint.set_rng_state(state["rng"])
        self._step = state["step"]

    def train(self) -> None:
        """Trains to the end of the run.

        Raises:
            Stopped: Ctrl-C or SIGTERM; the state of the last whole step has been saved.
            CheckpointError: a checkpoint could not be written.
            FloatingPointError: a loss or a weight is not finite; the last checkpoint is from before.
        """
        config, rank_0 = self._config, self._fabric.is_global_zero
        log = _Log(self._run.folder, self._step) if rank_0 else None
        bar = tqdm(
            initial=self.images_seen,
            total=config.total_steps * config.batch_size,
            unit="img",
            unit_scale=True,
            disable=not rank_0,
        )
        with _stop_signal() as stop, bar, log or nullcontext():
            if self._step == 0:
                self._sample(log)
                self._save()
            while self._step < config.total_steps:
                losses = self._objective.step(self._stream.next())
                self._step += 1
                bar.update(config.batch_size)
                if self._step % config.log_every_steps == 0 or self._step == 1:
                    self._report(log, bar, losses)
                if self._due(config.sample_every_nimg):
                    self._sample(log)
                if self._stops(stop):
                    self._save()
                    raise Stopped
                if self._due(config.checkpoint_every_nimg):
                    self._save()
            self._sample(log)
            self._save()

    def _stops(self, stop: "_Stop") -> bool:
        """Whether any process was told to stop: all of them stop after the same step."""
        if self._fabric.world_size == 1:
            return stop.requested
        told = torch.tensor(float(stop.requested), device=self._fabric.device)
        asked = self._fabric.all_reduce(told, reduce_op="sum")
        assert isinstance(asked, torch.Tensor)
        return bool(asked > 0)

    def _due(self, every_nimg: int) -> bool:
        before, now = self.images_seen - self._config.batch_size, self.images_seen
        return before // every_nimg != now // every_nimg

    def _report(self, log: "_Log | None", bar: "tqdm[Any]", losses: dict[str, torch.Tensor]) -> None:
        values = {name: float(loss) for name, loss in losses.items()}
        broken = [name for name, number in values.items() if number != number or abs(number) == float("inf")]
        if broken:
            raise self._diverged(broken)
        bar.set_postfix({name: f"{number:.3f}" for name, number in values.items()}, refresh=False)
        if log is not None:
            rate = bar.format_dict["rate"]
            log.losses(self._step, self.images_seen, values, rate)

    def _sample(self, log: "_Log | None") -> None:
        self._refuse_broken()
        if log is None:
            return
        log.grid(self._step, self.images_seen, self.snapshot())

    def _diverged(self, broken: list[str]) -> FloatingPointError:
        return FloatingPointError(
            f"{', '.join(broken)} is not finite at step {self._step}; the last checkpoint is from before: start anew "
            f"with a smaller learning rate, or set precision to 32-true in its config.json and resume"
        )

    def _refuse_broken(self) -> None:
        """Losses are looked at every `log_every_steps` only, and a broken state must not replace a whole one."""
        networks = self._objective.networks.items()
        broken = [name for name, network in networks if not all(bool(p.isfinite().all()) for p in network.parameters())]
        if broken:
            raise self._diverged(broken)

    def _save(self) -> None:
        self._refuse_broken()
        if self._fabric.is_global_zero:
            checkpoint.save(self._run.checkpoint, self.state_dict())
        self._fabric.barrier()


class _Log:
    """Losses and grids of one run, in files that people and programs read."""

    def __init__(self, folder: Path, step: int) -> None:
        self._folder = folder
        self._started_s = time.time()
        self._lines = _reopen(folder / "metrics.jsonl", step)
        self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def losses(self, step: int, nimg: int, values: dict[str, float], rate: float | None) -> None:
        """One line of named numbers."""
        line = {"step": step, "nimg": nimg, "seconds": round(time.time() - self._started_s, 3), **values}
        self._lines.write(json.dumps(line) + "\n")
        for name, number in values.items():
            self._board.add_scalar(f"train/{name}", number, step)
        if rate:
            self._board.add_scalar("train/images_per_s", rate, step)

    def grid(self, step: int, nimg: int, pixels: NDArray[np.uint8]) -> None:
        """One sample grid, (H, W, C) uint8."""
        evaluate.save_png(pixels, self._folder / "samples" / f"{nimg:09d}.png")
        self._board.add_image("samples", pixels, step, dataformats="HWC")

    def __enter__(self) -> "_Log":
        return self

    def __exit__(self, *error: object) -> None:
        """Writes out what is buffered."""
        self._lines.close()
        self._board.close()


def _reopen(path: Path, step: int) -> TextIO:
    """The log to append to, without the lines that a killed run wrote after its last checkpoint."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= step]
    path.write_text("".join(line + "\n" for line in kept))
    return path.open("a", buffering=1)


class _Stop:
    """Whether a signal has asked the loop to stop after the step it is in."""

    def __init__(self) -> None:
        self.requested = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        """The signal handler; a second Ctrl-C ends the process at once."""
        self.requested = True
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _stop_signal() -> Iterator[_Stop]:
    stop = _Stop()
    before = {name: signal.signal(name, stop) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
