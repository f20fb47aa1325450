"""Commands that train something beside a finished run: fine-tuning, directions, encoders and classifiers."""

from pathlib import Path
from typing import Literal

import tyro

from training.cli.options import Accelerator, seeds
from training.runs.folder import open_run


def finetune_classes(
    run: tyro.conf.Positional[Path],
    nimg: int = 192_000,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Fine-tunes a class-conditional generator so that each sample clearly shows the requested class.

    Args:
        run: folder of the run.
        nimg: samples to train on.
        best: uses the checkpoint with the best validation metric in place of the last one.
        accelerator: device type; auto uses a GPU if there is one.
    """
    from training import commands

    commands.finetune_classes(open_run(run), nimg, best, accelerator)


def directions(
    run: tyro.conf.Positional[Path],
    attributes: tuple[str, ...] | None = None,
    left: str = "",
    right: str = "",
    nimg: int = 20_000,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Finds named directions in a run's latent space and saves them for its package.

    Args:
        run: folder of the run.
        attributes: one direction for each: CelebA attributes, or names of classes; by default smile, glasses and male.
        left: seeds of samples that look left, for example 3,17,29, for the direction `turn`.
        right: seeds of samples that look right.
        nimg: samples to fit the directions to.
        best: uses the checkpoint with the best validation metric in place of the last one.
        accelerator: device type; auto uses a GPU if there is one.
    """
    from training import commands

    commands.directions(open_run(run), attributes, seeds(left), seeds(right), nimg, best, accelerator)


def encoder(
    run: tyro.conf.Positional[Path],
    nimg: int = 200_000,
    pixel_weight: float = 1.0,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Trains a network from images to a run's latents and saves it for its package.

    Args:
        run: folder of the run.
        nimg: samples to train on.
        pixel_weight: weight of the pixel loss on samples and real images relative to the latent loss; 0 disables it.
        best: uses the checkpoint with the best validation metric in place of the last one.
        accelerator: device type; auto uses a GPU if there is one.
    """
    from training import commands

    commands.encoder(open_run(run), nimg, pixel_weight, best, accelerator)


def train_classifier(
    dataset: tyro.conf.Positional[Literal["mnist", "fashion-mnist", "celeba", "facades", "monet2photo", "horse2zebra"]],
    data: Path,
    role: Literal["reporting", "selection"] = "reporting",
    epochs: int | None = None,
) -> None:
    """Trains the classifier that measures samples or translations, and saves it in this package.

    Args:
        dataset: its output: classes, CelebA attributes, labels of a facade, or two domains.
        data: folder of the data set.
        role: the reporting classifier measures results; the selection classifier selects checkpoints and directions.
        epochs: by default the same as for the included classifiers.
    """
    from training import commands

    commands.train_classifier(dataset, data, role, epochs)
