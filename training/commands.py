"""What each command does, once its words have been read. Prints for people."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lightning_fabric import Fabric

from service.repository import manifest
from training import classifiers, data
from training import evaluate as evaluation
from training import report as reporting
from training.classifiers import Role
from training.data import DataError, ImageSet, PairSet, Sets
from training.evaluate import Measured
from training.loop import journal
from training.loop.trainer import Stopped, Trainer
from training.packaging import warm_start
from training.packaging import write as exporting
from training.packaging.write import Label, Package
from training.posttrain import class_finetune
from training.posttrain import directions as directing
from training.posttrain import encoder as encoding
from training.preflight import doctor as doctoring
from training.runs import checkpoint, devices
from training.runs.folder import Run, RunError, open_run


def train(run: Run, accelerator: str, count: int, init_from: Path | None) -> None:
    """Starts a run, from new networks or from a package's, and trains it to its end."""
    package = exporting.open_package(init_from) if init_from else None
    if package:
        run = warm_start.from_package(run, package)
    images = data.load(run.config, run.data, "train")
    run.refuse_another()  # before other processes are started, which would all say the same
    fabric = devices.open_fabric(run.config, accelerator, count)
    trainer = Trainer(run, images, fabric, _held(Sets(run.config, run.data)))
    if package:
        trainer.take_over(package)
    if fabric.is_global_zero:
        run.create(devices.describe(fabric))
    fabric.barrier()
    _train(trainer, run, fabric)


def doctor(run: Run, accelerator: str, out: Path | None, words: Sequence[str]) -> None:
    """Prints what is to be expected of a run; ends with 1 where it cannot be trained.

    Args:
        run: recipe, configuration and data.
        accelerator: what it would be trained on.
        out: where it would be kept, if that was said.
        words: what followed `doctor` on the command line: `train` with the same is what was looked at.
    """
    found = doctoring.examine(run, accelerator, out)
    print(found.text())
    if found.problems:
        raise SystemExit(1)
    said = shlex.join([*words, *(() if out else ("--out", "RUN"))])
    print(f"{'verdict':<12}can be trained: `python -m training train {said}`")


def resume(run: Run, accelerator: str, count: int) -> None:
    """Goes on with a run."""
    images, state = data.load(run.config, run.data, "train"), checkpoint.load(run.checkpoint)
    fabric = devices.open_fabric(run.config, accelerator, count)
    trainer = Trainer(run, images, fabric, _held(Sets(run.config, run.data)))
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


def _held(sets: Sets) -> ImageSet | PairSet | None:
    """The images that a run does not train on, if there are any."""
    held = sets.load("validation")
    return held if len(held) else None


def finished(run: Run, best: bool = False, accelerator: str = "cpu") -> tuple[Trainer, Sets]:
    """A run as it is used: as `_trained`, with the generator that `clarify` made of it, if there is one."""
    trainer, sets = _trained(run, best, accelerator)
    if not class_finetune.take(trainer.objective, run.folder, trainer.step):
        print(f"{run.folder / class_finetune.FILE_NAME} is of another step than {trainer.step:,}, and was left alone")
    return trainer, sets


def _trained(run: Run, best: bool, accelerator: str) -> tuple[Trainer, Sets]:
    """A run as its last checkpoint left it, or its best one, on one device in float32; and the data, each read once."""
    if best and not run.best.exists():
        raise RunError(f"{run.folder} has no best checkpoint: train with --measure-every-nimg, or leave --best out")
    fabric = devices.open_fabric(replace(run.config, precision="32-true"), accelerator, 1)
    sets = Sets(run.config, run.data)
    trainer = Trainer(run, sets.load("train"), fabric, _held(sets))
    if best:
        trainer.load_best(checkpoint.load(run.best))
    else:
        trainer.load_state_dict(checkpoint.load(run.checkpoint))
    return trainer, sets


def evaluate(
    target: Path, folder: Path | None, best: bool = False, accelerator: str = "auto", keep: Path | None = None
) -> None:
    """Measures a run or a package, and prints the numbers; a run keeps them for its card."""
    if (target / manifest.FILE_NAME).exists():
        show(_of_package(target, folder, best, keep))
        return
    if keep is not None:
        raise RunError(f"{target} is a run, which keeps its own numbers: leave --keep out")
    run = open_run(target, folder)
    trainer, sets = finished(run, best, accelerator)
    measured = evaluation.measure(evaluation.samplers(trainer.objective), run.config, sets)
    _keep(run, trainer, measured)
    evaluation.save_png(trainer.snapshot(), run.folder / "samples" / "evaluation.png")
    show(measured)


def _of_package(target: Path, folder: Path | None, best: bool, keep: Path | None) -> list[Measured]:
    """A package's own numbers, which may differ a little from those of the run: its weights are stored smaller."""
    if folder is None:
        raise RunError("a package does not know where its data lies: give --data")
    if best and keep is None:
        raise RunError("a package holds one set of weights: leave --best out")
    package = exporting.open_package(target)
    origin = _origin(package, open_run(keep, folder), best) if keep is not None else None  # before minutes are spent
    measured = evaluation.measure(exporting.samplers(package), package.config, Sets(package.config, folder))
    if origin is not None:
        _keep(*origin, measured)
    return measured


def _origin(package: Package, run: Run, best: bool) -> tuple[Run, Trainer]:
    """The run that a package was exported from, as it was then.

    Raises:
        RunError: it is another run, or the run went on since.
    """
    trainer, _ = finished(run, best)
    seen = trainer.images_seen + run.images_before
    about = package.described.training
    said = run.recipe_said(trainer.objective.finished_said)
    if (run.config, seen, said) != (package.config, about.images_seen, about.recipe):
        raise RunError(
            f"{package.folder} was not exported from {run.folder} as it is now: their configurations or images differ"
        )
    return run, trainer


def _keep(run: Run, trainer: Trainer, measured: list[Measured]) -> None:
    """Adds what the run's snapshots say, and keeps all of it in the run."""
    measured += evaluation.agreement(journal.read(run.folder, "snapshots"), trainer.objective)
    run.keep_metrics(trainer.step, [item.to_json() for item in measured], trainer.objective.finished_said)


def report(run: Run, best: bool, accelerator: str) -> None:
    """Writes a run's page; without a checkpoint or data, of its files alone."""
    objective, sets = None, None
    try:
        trainer, found = finished(run, best, accelerator)
        objective, sets = trainer.objective, found
        said = trainer.objective.finished_said
        shown = f"Of the {'best' if best else 'last'} checkpoint, step {trainer.step:,}{f', {said}' if said else ''}."
    except (DataError, checkpoint.CheckpointError) as error:
        shown = f"What needs the networks and the data is left out: {error}."
        print(shown)
    print(reporting.write(run, objective, sets, shown))


def show(measured: Sequence[Measured]) -> None:
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
    thin_db: float | None = None,
    with_discriminator: bool = True,
) -> None:
    """Writes a run's package."""
    trainer, sets = finished(run, best)
    if not run.metrics(trainer.step, trainer.objective.finished_said):
        print(f"the card will hold no metrics: measure them first by `python -m training evaluate {run.folder}`")
    images = sets.load("train")
    for folder in exporting.export(
        run, trainer.objective, images, trainer.images_seen, models, label, weights, thin_db, with_discriminator
    ):
        print(f"{folder}: served by `GANVAS_MODELS_DIR={models} python -m service`")


def clarified(run: Run, nimg: int, best: bool, accelerator: str) -> None:
    """Teaches a run's generator to show the asked class, and prints what came of it."""
    class_finetune.refuse_unconditional(run)
    trainer, sets = _trained(run, best, accelerator)
    classifier = classifiers.load(run.config.dataset, role="selection")
    before, after = class_finetune.make(run, trainer.objective, trainer.step, classifier, sets.images("train"), nimg)
    print(f"shown as another class than was asked for, by the judge that selects: {before:.2%} before, {after:.2%} now")
    where = f"{run.folder / class_finetune.FILE_NAME}"
    print(f"what uses this checkpoint{' (by --best)' * best} draws by it from now on; to undo it, delete {where}")


def directions(
    run: Run,
    wanted: Sequence[str] | None,
    left: Sequence[int],
    right: Sequence[int],
    nimg: int,
    best: bool,
    accelerator: str,
) -> None:
    """Makes named directions, and prints what they do."""
    trainer, sets = finished(run, best, accelerator)
    for found in directing.make(run, trainer.objective, trainer.step, sets, wanted, left, right, nimg):
        print(f"{found.name}: {found.description}")
    print(f"look at {run.folder / 'samples' / 'directions.png'}; `export` writes them into the package")


def encoder(run: Run, nimg: int, pixel_weight: float, best: bool, accelerator: str) -> None:
    """Trains the way back from images to latents, and prints how near it comes."""
    trainer, sets = finished(run, best, accelerator)
    show(encoding.make(run, trainer.objective, trainer.step, nimg, pixel_weight, sets))
    print(f"look at {run.folder / 'samples' / 'encoder.png'}; `export` writes it into the package")


def judge(dataset: str, folder: Path, role: Role, epochs: int | None) -> None:
    """Trains and stores a judge."""
    made = classifiers.make(dataset, folder, role, epochs)
    what = f"of the test images right, digest {made.digest[:12]}"
    print(f"{classifiers.path_of(dataset, role)}: {made.accuracy:.2%} {what}")
    for name, accuracy in made.balanced.items():
        print(f"{name:<24} {accuracy:>7.2%} balanced")
    for name, share in made.fooled.items():
        print(f"{name:<48} {share:>7.2%} taken for the other domain")
