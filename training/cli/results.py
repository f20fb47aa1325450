"""Commands that use a run's networks as they are: `evaluate`, `report` and `export`."""

from pathlib import Path
from typing import Literal

import tyro

from training.cli.options import Accelerator
from training.runs.folder import open_run


def evaluate(
    target: tyro.conf.Positional[Path],
    data: Path | None = None,
    best: bool = False,
    save_to: Path | None = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Measures a run's averaged generator or an exported package.

    Args:
        target: folder of a run, or a package, models/NAME/VERSION.
        data: folder of the data set; a run knows its own.
        best: uses the checkpoint with the best validation metric in place of the last one.
        save_to: for a package, the run that it was exported from; the numbers are saved there for the card of the next
            export. With --best, if the package was exported with it.
        accelerator: device type for a run; auto uses a GPU if there is one. A package is measured on the CPU.
    """
    from training import commands

    commands.evaluate(target, data, best, accelerator, save_to)


def report(
    run: tyro.conf.Positional[Path],
    data: Path | None = None,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Writes RUN/report.html, a self-contained page.

    Args:
        run: folder of the run, finished or not.
        data: folder of the data set, if it has moved.
        best: uses the checkpoint with the best validation metric in place of the last one.
        accelerator: device type; auto uses a GPU if there is one.
    """
    from training import commands

    commands.report(open_run(run, data), best, accelerator)


def export(
    run: tyro.conf.Positional[Path],
    name: str,
    inverse: str | None = None,
    models: Path = Path("models"),
    version: int | None = None,
    weights: Literal["auto", "float32", "float16", "int8"] = "auto",
    description: str | None = None,
    weaknesses: tuple[str, ...] = (),
    best: bool = False,
    low_rank_db: float | None = None,
    discriminator: bool = True,
) -> None:
    """Writes a model package for the service.

    Args:
        run: folder of the run.
        name: of the model: lower-case letters, digits and hyphens; for CycleGAN, of the model from A to B.
        inverse: for CycleGAN, name of the model from B to A.
        models: folder of all packages.
        version: a positive integer; by default one more than the newest.
        weights: precision of the stored weights. auto is float16 if the images keep 50 dB PSNR, else float32. int8
            stores a layer as float16 if the output would otherwise fall below 45 dB.
        description: one sentence for the card; by default the recipe's.
        weaknesses: known weaknesses for the card, one sentence each.
        best: uses the checkpoint with the best validation metric in place of the last one.
        low_rank_db: replaces large dense layers by low-rank ones, with the smallest rank that keeps the output at this
            PSNR in dB, for example 40; by default layers stay as they are.
        discriminator: whether the package of a generator contains its discriminator or critic.
    """
    from training import commands
    from training.packaging.write import Label

    label = Label(name, inverse, version, description, weaknesses)
    commands.export(open_run(run), models, label, weights, best, low_rank_db, discriminator)
