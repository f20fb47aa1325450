"""The only training loop: steps, logs, sample grids and checkpoints. Knows nothing about a method's maths."""

import sys
from contextlib import closing, nullcontext
from math import isfinite
from typing import Any

import torch
from lightning_fabric import Fabric
from tqdm import tqdm

from training import objectives
from training.data import DataError, ImageSet, PairSet, Stream, open_stream, place
from training.loop.monitor import Observer
from training.loop.signals import Stop, stop_signal
from training.objectives import Objective
from training.objectives.load import load_state
from training.runs import checkpoint
from training.runs.folder import Run

_LOGGED_S = 30.0  # between two lines of the bar where it goes to a file, which keeps every one of them


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

        Raises:
            DataError: there is too little data, or none is held out for measurements.
        """
        self._run, self._config, self._fabric = run, run.config, fabric
        fabric.seed_everything(self._config.seed, verbose=False)
        placed = place(data, fabric.device)
        # First of all, since it refuses a batch that is larger than the data set.
        self._stream = open_stream(self._config, placed, fabric.global_rank, fabric.world_size)
        self._objective = objectives.build(self._config, placed, fabric)
        self._held = None if held is None else place(held, fabric.device)
        self._shown = placed if self._held is None else self._held
        if self._config.measure_every_nimg and self._held is None:
            raise DataError(
                "measure_every_nimg is given, but nothing is held out to measure on: give --validation-share 0.1 too"
            )
        self._observer: Observer | None = None
        self._step = 0

    @property
    def objective(self) -> Objective:
        """What is trained."""
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
        """Real images that the steps so far looked at."""
        return self._step * self._config.batch_size

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
        self._step = load_state(self._config, state, self._objective.load_state_dict)
        checkpoint.require(state, "stream", "rng")
        self._stream.load_state_dict(state["stream"])
        checkpoint.set_rng_state(state["rng"])

    def train(self) -> None:
        """Trains to the end of the run.

        Raises:
            Stopped: Ctrl-C or SIGTERM; the state of the last whole step has been saved.
            CheckpointError: a checkpoint could not be written.
            FloatingPointError: a loss or a weight is not finite; the last checkpoint is from before.
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
        self._observer = self._observe()
        with stop_signal() as stop, bar, closing(self._observer) if self._observer else nullcontext():
            if self._step == 0:
                self._look()
                self._save()
            is_spent = self._measure()  # a kill may have come between this step's checkpoint and its measurement
            while self._step < config.total_steps and not is_spent:
                losses = self._objective.step(self._stream.next())
                self._step += 1
                bar.update(config.batch_size)
                if self._step % config.log_every_steps == 0 or self._step == 1:
                    self._report(bar, losses)
                if self._observer:
                    self._observer.snapshot(self._step)
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

    def _observe(self) -> Observer | None:
        """What looks at the run; one process alone does."""
        if not self._fabric.is_global_zero:
            return None
        return Observer(self._run, self._step, self._objective, self._shown, self._held, tqdm.write)

    def _stops(self, stop: Stop) -> bool:
        """Whether any process was told to stop: all of them stop after the same step."""
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
        if self._observer:
            self._observer.losses(self._step, values, bar.format_dict["rate"])

    def _look(self) -> None:
        self._refuse_broken()
        if self._observer:
            self._observer.look(self._step)

    def _measure(self, at_the_end: bool = False) -> bool:
        """Measures the step that was just saved, if it is due: what is the best is then never of a step that is lost.

        Returns:
            Whether the run should stop, the same in every process.
        """
        every_nimg = self._config.measure_every_nimg
        if every_nimg is None or not (at_the_end or self._due(every_nimg)):
            return False
        return bool(self._fabric.broadcast(self._observer.measure(self._step) if self._observer else False))

    def _refuse_broken(self) -> None:
        """Losses are looked at every `log_every_steps` only, and a broken state must not replace a whole one."""
        networks = self._objective.networks.items()
        self._refuse([name for name, net in networks if not all(bool(p.isfinite().all()) for p in net.parameters())])

    def _refuse(self, broken: list[str]) -> None:
        if not broken:
            return
        said = (
            f"{', '.join(broken)} is not finite at step {self._step}; the last checkpoint is from before: start anew "
            f"with a smaller learning rate, or set precision to 32-true in its config.json and resume"
        )
        if self._observer:
            self._observer.broken(self._step, said)
        raise FloatingPointError(said)

    def _save(self) -> None:
        self._refuse_broken()
        if self._fabric.is_global_zero:
            checkpoint.save(self._run.checkpoint, self.state_dict())
        self._fabric.barrier()
