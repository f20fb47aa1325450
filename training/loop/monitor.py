"""Monitoring of a run while it trains: samples, alarms, critic estimates and the best checkpoint.

Monitoring restores the state of every random number generator, so that it does not influence training.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from training import evaluate
from training.config import GenerativeConfig
from training.data import ImageSet, PairSet
from training.evaluate import Sampler, critic_estimate, selection
from training.loop.alarms import Alarm, Watch
from training.loop.journal import Journal
from training.objectives import Generative, Objective
from training.runs import checkpoint
from training.runs.files import write_json
from training.runs.folder import Run


class Monitor:
    """Monitors one run and logs the results."""

    def __init__(
        self,
        run: Run,
        step: int,
        objective: Objective,
        shown: ImageSet | PairSet,
        held_back: ImageSet | PairSet | None,
        say: Callable[[str], None],
    ) -> None:
        """Opens the run's journal.

        Args:
            run: the run that is trained.
            step: step of the checkpoint that the run resumes from.
            objective: the networks that are trained.
            shown: real images that samples are compared with.
            held_back: held-out images for the selection of the best checkpoint, if it is configured.
            say: prints a line.
        """
        self._run, self._config, self._objective, self._shown, self._say = run, run.config, objective, shown, say
        self._journal = Journal(run.folder, step)
        open_alarms = {line["subject"]: not line["over"] for line in self._journal.lines("alarms")}
        self._watch = Watch(self._config.total_steps, [name for name, is_open in open_alarms.items() if is_open])
        self._snapshot_steps = critic_estimate.steps(self._config)
        self._samplers: tuple[int, Mapping[str, Sampler]] = (-1, {})
        self._estimator: critic_estimate.Estimator | None = None
        self._criterion: selection.Criterion | None = None
        with _untouched():  # loading a classifier initialises it with random weights
            self._classifier = selection.selection_classifier(self._config.dataset)
            if held_back is not None and self._config.measure_every_nimg:
                n_classes = objective.n_classes if isinstance(objective, Generative) else 0
                self._criterion = selection.criterion(self._config, held_back, n_classes)
                say(f"the best checkpoint is chosen by {self._criterion.description}")

    def losses(self, step: int, values: dict[str, float], rate: float | None) -> None:
        """Logs one step's losses, and checks them for alarms.

        Args:
            step: training steps so far.
            values: losses by name.
            rate: images per second, if known.
        """
        self._journal.losses(step, self._nimg(step), values, rate)
        self._raise(step, self._watch.losses(step, self._objective.margins(values)))

    def look(self, step: int) -> None:
        """Saves a sample grid, and checks it for alarms."""
        with _untouched():
            seen = evaluate.sample_grid(
                self._objective, self._finished(step), self._config, self._shown, self._classifier
            )
        self._journal.grid(step, self._nimg(step), seen.pixels)
        self._raise(step, self._watch.images(step, seen.batches))

    def broken(self, step: int, sentence: str) -> None:
        """Logs why the run ends."""
        self._raise(step, [Alarm("finite", sentence)])

    def snapshot(self, step: int) -> None:
        """Compares the discriminator's own estimate with the samples, at the configured steps."""
        if step not in self._snapshot_steps:
            return
        assert isinstance(self._objective, Generative)
        assert isinstance(self._config, GenerativeConfig)
        assert isinstance(self._shown, ImageSet)
        with _untouched():
            self._estimator = self._estimator or critic_estimate.Estimator(self._config, self._shown)
            found = self._estimator.measure(self._objective, seed=step)
        self._journal.numbers("snapshots", step, self._nimg(step), dict(found))
        estimated, distance = found.values()
        self._raise(step, self._watch.snapshot(step, estimated, distance))

    def measure(self, step: int) -> bool:
        """Measures the averaged networks on held-out images, and saves them if they are the best so far.

        A step that was already measured is not measured again.

        Returns:
            Whether the run should stop, because the metric has not improved for `patience_nimg` images.
        """
        assert self._criterion is not None
        lines = self._journal.lines("measurements")
        if not any(line["step"] == step for line in lines):
            with _untouched():
                reading = self._criterion.read(self._finished(step))
            is_best = all(reading.value < line["value"] for line in lines)
            if is_best:
                self._keep(step, reading.value)
            numbers = {"name": self._criterion.name, "value": reading.value, "best": is_best, **reading.beside}
            self._journal.numbers("measurements", step, self._nimg(step), numbers)
            self._say(f"{self._criterion.name} {reading.value:.4g} at step {step:,}{', the best so far' * is_best}")
        return self._is_spent(step)

    def close(self) -> None:
        """Flushes and closes the journal."""
        self._journal.close()

    def _keep(self, step: int, value: float) -> None:
        state = {"method": self._config.method, "step": step, "objective": self._objective.finished_state()}
        checkpoint.save(self._run.best, state)
        about: dict[str, Any] = {"step": step, "nimg": self._nimg(step), "value": value}
        assert self._criterion is not None
        about |= {"name": self._criterion.name, "chosen_by": self._criterion.description}
        write_json(self._run.folder / "best.json", about)

    def _is_spent(self, step: int) -> bool:
        best = min(self._journal.lines("measurements"), key=lambda line: float(line["value"]))
        without = self._nimg(step) - best["nimg"]
        if not self._config.patience_nimg or without < self._config.patience_nimg:
            return False
        was = f"{best['value']:.4g} of step {best['step']:,}"
        self._say(f"stopped early: nothing was better than {was} for {without:,} images")
        return True

    def _raise(self, step: int, alarms: list[Alarm]) -> None:
        for alarm in alarms:
            self._journal.alarm(step, self._nimg(step), alarm.subject, alarm.sentence, alarm.over)

    def _finished(self, step: int) -> Mapping[str, Sampler]:
        """Returns the averaged networks after a step. They are cached, since their batch statistics are recomputed."""
        if self._samplers[0] != step:
            self._samplers = (step, evaluate.samplers(self._objective))
        return self._samplers[1]

    def _nimg(self, step: int) -> int:
        return step * self._config.batch_size


@contextmanager
def _untouched() -> Iterator[None]:
    """Restores the state of all random number generators at the end of its block."""
    state = checkpoint.rng_state()
    try:
        yield
    finally:
        checkpoint.set_rng_state(state)
