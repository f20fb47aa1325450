"""The work of each command, after its arguments have been parsed. Prints results for users."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray

from service.repository import manifest
from training import classifiers, data
from training import evaluate as evaluation
from training import report as reporting
from training.classifiers import Role
from training.config.renamed import current_recipe
from training.data import DataError, ImageSet, PairSet, Sets, place
from training.evaluate import Measurement
from training.loop import journal
from training.loop.trainer import Stopped, Trainer
from training.objectives import Objective
from training.objectives.load import load_objective
from training.packaging import read as reading
from training.packaging import warm_start
from training.packaging import write as exporting
from training.packaging.read import Package
from training.packaging.write import Label
from training.posttrain import class_finetune
from training.posttrain import directions as directing
from training.posttrain import encoder as encoding
from training.posttrain.class_finetune import FinetuneConfig
from training.preflight import doctor as doctoring
from training.runs import checkpoint, devices
from training.runs.folder import Run, RunError, open_run


def train(run: Run, accelerator: str, count: int, init_from: Path | None) -> None:
    """Starts a run, from new networks or from those of a package, and trains it to the end."""
    package = reading.open_package(init_from) if init_from else None
    if package:
        run = warm_start.from_package(run, package)
    images = data.load(run.config, run.data, "train")
    run.refuse_another()  # before other processes start: each would raise the same error
    fabric = devices.open_fabric(run.config, accelerator, count)
    trainer = Trainer(run, images, fabric, _validation(Sets(run.config, run.data)))
    if package:
        warm_start.take_over(trainer.objective, run.config, package, trainer.stream)
    if fabric.is_global_zero:
        run.create(devices.describe(fabric))
    fabric.barrier()
    _train(trainer, run, fabric)


def doctor(run: Run, accelerator: str, out: Path | None, words: Sequence[str]) -> None:
    """Prints the estimates for a planned run; exits with status 1 if it cannot be trained.

    Args:
        run: recipe, configuration and data.
        accelerator: device type to train on.
        out: folder planned for the run, if any.
        words: the arguments of `doctor` on the command line; the printed `train` command repeats them.
    """
    found = doctoring.examine(run, accelerator, out)
    print(found.text())
    if found.problems:
        raise SystemExit(1)
    said = shlex.join([*words, *(() if out else ("--out", "RUN"))])
    print(f"{'verdict':<12}can be trained: `python -m training train {said}`")


def resume(run: Run, accelerator: str, count: int) -> None:
    """Resumes a run from its last checkpoint."""
    images, state = data.load(run.config, run.data, "train"), checkpoint.load(run.checkpoint)
    fabric = devices.open_fabric(run.config, accelerator, count)
    trainer = Trainer(run, images, fabric, _validation(Sets(run.config, run.data)))
    trainer.load_state_dict(state)
    _train(trainer, run, fabric)


def _train(trainer: Trainer, run: Run, fabric: Fabric) -> None:
    where = f"{devices.describe(fabric)}, {fabric._precision.precision}"
    fabric.print(f"{run.recipe}: {run.config.total_nimg:,} images on {where}; watch: tensorboard --logdir {run.folder}")
    try:
        trainer.train()
    except Stopped:
        fabric.print(f"\nstopped; nothing is lost: go on by `python -m training resume {run.folder}`")
        raise SystemExit(130) from None
    fabric.print(f"done: next, `python -m training evaluate {run.folder}`")


def _validation(sets: Sets) -> ImageSet | PairSet | None:
    """The run's validation images, if it has any."""
    images = sets.load("validation")
    return images if len(images) else None


@dataclass(frozen=True)
class TrainedRun:
    """A run with its networks loaded.

    Attributes:
        run: folder and configuration.
        objective: the networks, on one device in float32.
        step: number of training steps.
        sets: the run's data; each split is read once.
    """

    run: Run
    objective: Objective
    step: int
    sets: Sets

    @property
    def images_seen(self) -> int:
        """Real images seen in those steps."""
        return self.step * self.run.config.batch_size


def open_trained(run: Run, best: bool = False, accelerator: str = "cpu") -> TrainedRun:
    """Loads a run's last or best checkpoint, and its generator from `finetune-classes`, if any."""
    trained = _open_checkpoint(run, best, accelerator)
    if not class_finetune.load(trained.objective, run.folder, trained.step):
        print(f"{class_finetune.path_in(run.folder)} belongs to another step than {trained.step:,}: ignored")
    return trained


def _open_checkpoint(run: Run, best: bool, accelerator: str) -> TrainedRun:
    """Loads a run's last or best checkpoint."""
    if best and not run.best.exists():
        raise RunError(f"{run.folder} has no best checkpoint: train with --measure-every-nimg, or leave --best out")
    fabric = devices.open_fabric(replace(run.config, precision="32-true"), accelerator, 1)
    sets = Sets(run.config, run.data)
    objective, step = load_objective(run, sets.load("train"), fabric, best)
    return TrainedRun(run, objective, step, sets)


def evaluate(
    target: Path, folder: Path | None, best: bool = False, accelerator: str = "auto", keep: Path | None = None
) -> None:
    """Measures a run or a package, and prints the metrics; those of a run are saved for its card."""
    if (target / manifest.FILE_NAME).exists():
        show(_of_package(target, folder, best, keep))
        return
    if keep is not None:
        raise RunError(f"{target} is a run, which keeps its own numbers: leave --save-to out")
    run = open_run(target, folder)
    trained = open_trained(run, best, accelerator)
    measured = evaluation.measure(evaluation.samplers(trained.objective), run.config, trained.sets)
    _save_metrics(trained, measured)
    evaluation.save_png(_snapshot(trained), run.folder / "samples" / "evaluation.png")
    show(measured)


def _of_package(target: Path, folder: Path | None, best: bool, keep: Path | None) -> list[Measurement]:
    """Measures a package. Its metrics may differ slightly from the run's, since its weights have lower precision."""
    if folder is None:
        raise RunError("a package does not know where its data lies: give --data")
    if best and keep is None:
        raise RunError("a package holds one set of weights: leave --best out")
    package = reading.open_package(target)
    origin = _origin(package, open_run(keep, folder), best) if keep is not None else None  # before the slow measurement
    measured = evaluation.measure(reading.samplers(package), package.config, Sets(package.config, folder))
    if origin is not None:
        _save_metrics(origin, measured)
    return measured


def _origin(package: Package, run: Run, best: bool) -> TrainedRun:
    """Loads the run that a package was exported from, at the same step.

    Raises:
        RunError: the package comes from another run, or the run was resumed since.
    """
    trained = open_trained(run, best)
    seen = trained.images_seen + run.images_before
    about = package.described.training
    said = run.recipe_with(trained.objective.finished_description)
    if (run.config, seen, said) != (package.config, about.images_seen, current_recipe(about.recipe)):
        raise RunError(
            f"{package.folder} was not exported from {run.folder} as it is now: their configurations or images differ"
        )
    return trained


def _save_metrics(trained: TrainedRun, measured: list[Measurement]) -> None:
    """Adds the critic agreement of the run's snapshots, and saves all metrics in the run."""
    run, objective = trained.run, trained.objective
    measured += evaluation.agreement(journal.read(run.folder, "snapshots"), objective)
    run.save_metrics(trained.step, [item.to_json() for item in measured], objective.finished_description)


def _snapshot(trained: TrainedRun) -> NDArray[np.uint8]:
    """Returns a grid of samples or translations, (H, W, C) uint8; of validation images, if the run has any."""
    objective, sets = trained.objective, trained.sets
    shown = place(_validation(sets) or sets.load("train"), objective.fabric.device)
    return evaluation.sample_grid(objective, evaluation.samplers(objective), trained.run.config, shown).pixels


def report(run: Run, best: bool, accelerator: str) -> None:
    """Writes a run's report page; without a checkpoint or data, from its logs alone."""
    objective, sets = None, None
    try:
        trained = open_trained(run, best, accelerator)
        objective, sets = trained.objective, trained.sets
        said = trained.objective.finished_description
        shown = f"Of the {'best' if best else 'last'} checkpoint, step {trained.step:,}{f', {said}' if said else ''}."
    except (DataError, checkpoint.CheckpointError) as error:
        shown = f"What needs the networks and the data is left out: {error}."
        print(shown)
    print(reporting.write(run, objective, sets, shown))


def show(measured: Sequence[Measurement]) -> None:
    """Prints a table of metrics."""
    print(f"{'metric':<24} {'value':>10} {'+-':>7} {'real data':>10}  published")
    for item in measured:
        error = "" if item.standard_error is None else f"{item.standard_error:.2f}"
        floor = "" if item.floor is None else f"{item.floor:.4g}"
        name = f"{item.direction} {item.name}".strip()
        print(f"{name:<24} {item.value:>10.4g} {error:>7} {floor:>10}  {item.reference or ''}")
        print(f"    {item.protocol}")


def export(
    run: Run,
    models: Path,
    label: Label,
    weights: str,
    best: bool = False,
    low_rank_db: float | None = None,
    with_discriminator: bool = True,
) -> None:
    """Writes a run's model package."""
    trained = open_trained(run, best)
    if not run.metrics(trained.step, trained.objective.finished_description):
        print(f"the card will hold no metrics: measure them first by `python -m training evaluate {run.folder}`")
    images = trained.sets.load("train")
    for folder in exporting.export(
        run, trained.objective, images, trained.images_seen, models, label, weights, low_rank_db, with_discriminator
    ):
        print(f"{folder}: served by `GANVAS_MODELS_DIR={models} python -m service`")


def finetune_classes(run: Run, nimg: int, best: bool, accelerator: str, config: FinetuneConfig | None = None) -> None:
    """Fine-tunes a class-conditional generator against a classifier, and prints the error before and after."""
    class_finetune.refuse_unconditional(run)
    trained = _open_checkpoint(run, best, accelerator)
    classifier = classifiers.load(run.config.dataset, role="selection")
    images = trained.sets.images("train")
    before, after = class_finetune.finetune(
        run, trained.objective, trained.step, classifier, images, nimg, config or FinetuneConfig()
    )
    print(f"samples of a wrong class, by the selection classifier: {before:.2%} before, {after:.2%} after")
    path = run.folder / class_finetune.FILE_NAME
    print(f"commands that load this checkpoint{' (by --best)' * best} now use this generator; to undo, delete {path}")


def directions(
    run: Run,
    wanted: Sequence[str] | None,
    left: Sequence[int],
    right: Sequence[int],
    nimg: int,
    best: bool,
    accelerator: str,
) -> None:
    """Finds named directions in latent space, and prints their descriptions."""
    trained = open_trained(run, best, accelerator)
    for found in directing.make(run, trained.objective, trained.step, trained.sets, wanted, left, right, nimg):
        print(f"{found.name}: {found.description}")
    print(f"look at {run.folder / 'samples' / 'directions.png'}; `export` writes them into the package")


def encoder(run: Run, nimg: int, pixel_weight: float, best: bool, accelerator: str) -> None:
    """Trains an encoder from images to latents, and prints its metrics."""
    trained = open_trained(run, best, accelerator)
    show(encoding.make(run, trained.objective, trained.step, nimg, pixel_weight, trained.sets))
    print(f"look at {run.folder / 'samples' / 'encoder.png'}; `export` writes it into the package")


def train_classifier(dataset: str, folder: Path, role: Role, epochs: int | None) -> None:
    """Trains a classifier, saves it in this package, and prints its accuracy."""
    classifier = classifiers.train_classifier(dataset, folder, role, epochs)
    path = classifiers.path_of(dataset, role)
    print(f"{path}: {classifier.accuracy:.2%} of the test images correct, digest {classifier.digest[:12]}")
    for name, accuracy in classifier.balanced.items():
        print(f"{name:<24} {accuracy:>7.2%} balanced")
    for name, share in classifier.fooled.items():
        print(f"{name:<48} {share:>7.2%} classified as the other domain")
