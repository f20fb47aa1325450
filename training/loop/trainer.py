"""The only training loop: steps, logs, sample grids and checkpoints. Independent of the training method."""

import sys
from contextlib import closing, nullcontext
from math import isfinite
from typing import Any

import torch
from lightning_fabric import Fabric
from tqdm import tqdm

from training import objectives
from training.data import DataError, ImageSet, PairSet, Stream, open_stream, place
from training.loop.monitor import Monitor
from training.loop.signals import Stop, stop_signal
from training.objectives import Objective
from training.objectives.load import load_state
from training.runs import checkpoint
from training.runs.folder import Run

_LOGGED_S = 30.0  # between two updates of the progress bar if it is written to a file


class Stopped(Exception):
    """The user requested a stop; the checkpoint has been written."""


class Trainer:
    """Trains one run on one fabric, and holds its state."""

    def __init__(
        self, run: Run, data: ImageSet | PairSet, fabric: Fabric, held: ImageSet | PairSet | None = None
    ) -> None:
        """Builds new networks, optimizers and the data stream.

        Args:
            run: configuration and folder.
            data: the training images.
            fabric: device, precision and processes.
            held: held-out images to monitor the run with; by default the training images.

        Raises:
            DataError: there is too little data, or none is held out for measurements.
        """
        self._run, self._config, self._fabric = run, run.config, fabric
        fabric.seed_everything(self._config.seed, verbose=False)
        placed = place(data, fabric.device)
        # First, since it refuses a batch that is larger than the data set.
        self._stream = open_stream(self._config, placed, fabric.global_rank, fabric.world_size)
        self._objective = objectives.build(self._config, placed, fabric)
        self._held = None if held is None else place(held, fabric.device)
        self._shown = placed if self._held is None else self._held
        if self._config.measure_every_nimg and self._held is None:
            raise DataError(
                "measure_every_nimg is given, but nothing is held out to measure on: give --validation-share 0.1 too"
            )
        self._monitor: Monitor | None = None
        self._step = 0

    @property
    def objective(self) -> Objective:
        """The networks and losses that are trained."""
        return self._objective

    @property
    def stream(self) -> Stream:
        """Batches of the training images."""
        return self._stream

    @property
    def step(self) -> int:
        """Steps trained so far."""
        return self._step

    @property
    def images_seen(self) -> int:
        """Real images used in the steps so far."""
        return self._step * self._config.batch_size

    def state_dict(self) -> dict[str, Any]:
        """Returns everything that an exact resume needs."""
        return {
            "method": self._config.method,
            "step": self._step,
            "objective": self._objective.state_dict(),
            "stream": self._stream.state_dict(),
            "rng": checkpoint.rng_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resumes from a checkpoint.

        Raises:
            CheckpointError: it belongs to another method or other networks; this trainer is then unusable.
        """
        self._step = load_state(self._config, state, self._objective.load_state_dict)
        checkpoint.require(state, "stream", "rng")
        self._stream.load_state_dict(state["stream"])
        checkpoint.set_rng_state(state["rng"])

    def train(self) -> None:
        """Trains to the end of the run.

        Raises:
            Stopped: Ctrl-C or SIGTERM; the state after the last complete step has been saved.
            CheckpointError: a checkpoint could not be written.
            FloatingPointError: a loss or a weight is not finite; the last checkpoint is older.
        """
        config = self._config
        bar = tqdm(
            initial=self.images_seen,
            total=config.total_steps * config.batch_size,
            unit="img",
            unit_scale=True,
            mininterval=0.1 if sys.stderr.isatty() else _LOGGED_S,
            maxinterval=_LOGGED_S,
            disable=not self._fabric.is_global_zero,
        )
        self._monitor = self._open_monitor()
        with stop_signal() as stop, bar, closing(self._monitor) if self._monitor else nullcontext():
            if self._step == 0:
                self._look()
                self._save()
            is_spent = self._measure()  # the process may have been killed between checkpoint and measurement
            while self._step < config.total_steps and not is_spent:
                losses = self._objective.step(self._stream.next())
                self._step += 1
                bar.update(config.batch_size)
                if self._step % config.log_every_steps == 0 or self._step == 1:
                    self._report(bar, losses)
                if self._monitor:
                    self._monitor.snapshot(self._step)
                if self._due(config.sample_every_nimg):
                    self._look()
                if self._stops(stop):
                    self._save()
                    raise Stopped
                if self._due(config.checkpoint_every_nimg) or self._due(config.measure_every_nimg):
                    self._save()
                is_spent = self._measure()
            self._look()
            self._save()
            self._measure(at_the_end=True)

    def _open_monitor(self) -> Monitor | None:
        """Opens the monitor; only the main process has one."""
        if not self._fabric.is_global_zero:
            return None
        return Monitor(self._run, self._step, self._objective, self._shown, self._held, tqdm.write)

    def _stops(self, stop: Stop) -> bool:
        """Whether any process received a stop signal: all of them stop after the same step."""
        if self._fabric.world_size == 1:
            return stop.requested
        told = torch.tensor(float(stop.requested), device=self._fabric.device)
        asked = self._fabric.all_reduce(told, reduce_op="sum")
        assert isinstance(asked, torch.Tensor)
        return bool(asked > 0)

    def _due(self, every_nimg: int | None) -> bool:
        before, now = self.images_seen - self._config.batch_size, self.images_seen
        return every_nimg is not None and self._step > 0 and before // every_nimg != now // every_nimg

    def _report(self, bar: "tqdm[Any]", losses: dict[str, torch.Tensor]) -> None:
        values = {name: float(loss) for name, loss in losses.items()}
        self._refuse([name for name, number in values.items() if not isfinite(number)])
        bar.set_postfix({name: f"{number:.3f}" for name, number in values.items()}, refresh=False)
        if self._monitor:
            self._monitor.losses(self._step, values, bar.format_dict["rate"])

    def _look(self) -> None:
        self._refuse_broken()
        if self._monitor:
            self._monitor.look(self._step)

    def _measure(self, at_the_end: bool = False) -> bool:
        """Measures the current step, if due. It has been saved before, so the best step is never lost.

        Returns:
            Whether the run should stop, the same in every process.
        """
        every_nimg = self._config.measure_every_nimg
        if every_nimg is None or not (at_the_end or self._due(every_nimg)):
            return False
        return bool(self._fabric.broadcast(self._monitor.measure(self._step) if self._monitor else False))

    def _refuse_broken(self) -> None:
        """Refuses networks with non-finite weights: losses are only checked every `log_every_steps`.

        A broken state must not replace a valid checkpoint.
        """
        networks = self._objective.networks.items()
        self._refuse([name for name, net in networks if not all(bool(p.isfinite().all()) for p in net.parameters())])

    def _refuse(self, broken: list[str]) -> None:
        if not broken:
            return
        said = (
            f"{', '.join(broken)} is not finite at step {self._step}; the last checkpoint is from before: start anew "
            f"with a smaller learning rate, or set precision to 32-true in its config.json and resume"
        )
        if self._monitor:
            self._monitor.broken(self._step, said)
        raise FloatingPointError(said)

    def _save(self) -> None:
        self._refuse_broken()
        if self._fabric.is_global_zero:
            checkpoint.save(self._run.checkpoint, self.state_dict())
        self._fabric.barrier()
