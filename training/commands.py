"""What each command does, once its words have been read. Prints for people."""

from collections.abc import Sequence
from pathlib import Path

from lightning_fabric import Fabric

from service import manifest
from training import checkpoint, classifier, data, devices
from training import evaluate as evaluation
from training import export as exporting
from training.config import GenerativeConfig, TrainingConfig
from training.data import ImageSet
from training.evaluate import Measured
from training.export import Label
from training.loop import Stopped, Trainer
from training.run import Run, RunError, open_run

_SAMPLES = 10_000


def train(run: Run, accelerator: str, count: int) -> None:
    """Starts a run and trains it to its end."""
    images = training_images(run)
    run.refuse_another()  # before other processes are started, which would all say the same
    fabric = devices.open_fabric(run.config, accelerator, count)
    trainer = Trainer(run, images, fabric)
    if fabric.is_global_zero:
        run.create(devices.describe(fabric))
    fabric.barrier()
    _train(trainer, run, fabric)


def resume(run: Run, accelerator: str, count: int) -> None:
    """Goes on with a run."""
    images, state = training_images(run), checkpoint.load(run.checkpoint)
    fabric = devices.open_fabric(run.config, accelerator, count)
    trainer = Trainer(run, images, fabric)
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


def training_images(run: Run) -> ImageSet:
    """The images that a run trains on."""
    images = data.load_idx(run.data, "train", run.config.dataset)
    return images.head(len(images) - round(run.config.validation_share * len(images)))


def finished(run: Run) -> tuple[Trainer, Fabric]:
    """A run as its checkpoint left it, on the CPU in float32."""
    fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
    trainer = Trainer(run, training_images(run), fabric)
    trainer.load_state_dict(checkpoint.load(run.checkpoint))
    return trainer, fabric


def evaluate(target: Path, folder: Path | None) -> None:
    """Measures a run or a package, and prints the numbers; a run keeps them for its card."""
    if (target / manifest.FILE_NAME).exists():
        if folder is None:
            raise RunError("a package does not know where its data lies: give --data")
        package = exporting.open_package(target)
        measured = measure(package.sampler, package.config, folder)
    else:
        run = open_run(target, folder)
        trainer, fabric = finished(run)
        sampler = evaluation.module_sampler(trainer.objective.finished_generator(), fabric.device)
        measured = measure(sampler, run.config, run.data)
        run.keep_metrics(trainer.step, [item.to_json() for item in measured])
        shown = evaluation.grid(sampler, exporting.preview_rows(run.config))
        evaluation.save_png(shown, run.folder / "samples" / "evaluation.png")
    show(measured)


def measure(sampler: evaluation.Sampler, config: TrainingConfig, folder: Path) -> Sequence[Measured]:
    """Every metric of a generator, on 10,000 samples of the seeds 0 ... 9,999."""
    assert isinstance(config, GenerativeConfig)
    judge = classifier.load(config.dataset)
    train_set, test_set = (data.load_idx(folder, split, config.dataset) for split in ("train", "test"))
    samples = evaluation.draw(sampler, exporting.rows(config, _SAMPLES))
    return evaluation.evaluate(samples, train_set, test_set, judge)


def show(measured: Sequence[Measured]) -> None:
    """Prints a table of metrics."""
    print(f"{'metric':<24} {'value':>10} {'+-':>7} {'real data':>10}  published")
    for item in measured:
        error = "" if item.standard_error is None else f"{item.standard_error:.2f}"
        floor = "" if item.floor is None else f"{item.floor:.4g}"
        print(f"{item.name:<24} {item.value:>10.4g} {error:>7} {floor:>10}  {item.reference or ''}")
        print(f"    {item.protocol}")


def export(run: Run, models: Path, label: Label, weights: str) -> None:
    """Writes a run's package."""
    trainer, _ = finished(run)
    if not run.metrics(trainer.step):
        print(f"the card will hold no metrics: measure them first by `python -m training evaluate {run.folder}`")
    folder = exporting.export(run, trainer.objective, training_images(run), trainer.images_seen, models, label, weights)
    print(f"{folder}: served by `GANVAS_MODELS_DIR={models} python -m service`")


def judge(dataset: str, folder: Path, epochs: int) -> None:
    """Trains and stores a judge."""
    train_set, test_set = (data.load_idx(folder, split, dataset) for split in ("train", "test"))
    network, accuracy = classifier.train(train_set, test_set, epochs)
    path = classifier.FOLDER / f"{dataset}.safetensors"
    classifier.store(path, network, accuracy)
    print(f"{path}: {accuracy:.2%} of the test images right, digest {classifier.load(dataset).digest[:12]}")
