"""Commands that start and continue runs: `recipes`, `doctor`, `train`, `resume` and `study`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import tyro

from training import config as configs
from training.cli.options import Accelerator, Recipe, recipe_name
from training.config.recipes import RECIPES, hours
from training.runs.folder import Run, open_run


def recipes() -> None:
    """Lists the named recipes."""
    from training import objectives

    print(
        f"{'recipe':<26} {'method':<8} {'data':<13} {'px':>3} {'images':>10} {'batch':>5} {'G':>7} {'D':>7} "
        f"{'hours':>6}  description"
    )
    for name, (description, config, images_per_s) in RECIPES.items():
        counts = objectives.parameter_counts(config)
        generators = sum(count for network, count in counts.items() if network.startswith("generator"))
        discriminators = sum(counts.values()) - generators
        side = config.images.crop_px if config.images else objectives.IDX_SIDE_PX
        print(
            f"{name:<26} {config.method:<8} {config.dataset:<13} {side:>3} {config.total_nimg:>10,} "
            f"{config.batch_size:>5} {generators / 1e6:>6.2f}M {discriminators / 1e6:>6.2f}M "
            f"{hours(config, images_per_s):>6.1f}  {description}"
        )
    print("\nhours: on two CPU cores with AVX512-BF16; `doctor` measures them on this machine")


def train(
    config: Annotated[Recipe, tyro.conf.arg(name="")],
    data: Path,
    out: Path,
    init_from: Path | None = None,
    accelerator: Accelerator = "auto",
    devices: int = 1,
) -> None:
    """Trains a recipe. Options override its fields.

    Args:
        config: the recipe.
        data: folder of the data set.
        out: folder for the run; it must not contain a run yet.
        init_from: package whose weights the run starts from, models/NAME/VERSION; optimizers start fresh.
        accelerator: device type; auto uses a GPU if there is one.
        devices: number of GPUs, or of processes on a CPU.
    """
    from training import commands

    checked, recipe = configs.validated(config), recipe_name(sys.argv)
    commands.train(Run(out, recipe, checked, data), accelerator, devices, init_from)


def doctor(
    config: Annotated[Recipe, tyro.conf.arg(name="")],
    data: Path,
    out: Path | None = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Checks that a recipe can be trained: data, memory, disk space, duration and known problems.

    Args:
        config: the recipe; options override its fields.
        data: folder of the data set.
        out: folder planned for the run; its free disk space is checked.
        accelerator: device type; auto uses a GPU if there is one.
    """
    from training import commands

    checked, recipe = configs.validated(config), recipe_name(sys.argv)
    commands.doctor(Run(out or Path(), recipe, checked, data), accelerator, out, sys.argv[2:])


def resume(
    run: tyro.conf.Positional[Path], data: Path | None = None, accelerator: Accelerator = "auto", devices: int = 1
) -> None:
    """Resumes a run from its last checkpoint; the result is the same as without the interruption.

    Args:
        run: folder of the run.
        data: folder of the data set, if it has moved.
        accelerator: device type; auto uses a GPU if there is one.
        devices: number of GPUs, or of processes on a CPU.
    """
    from training import commands

    commands.resume(open_run(run, data), accelerator, devices)


def study(
    name: tyro.conf.Positional[
        Literal["losses", "epochs", "games", "modes", "pix2pix-losses", "pix2pix-patches", "cyclegan-losses"]
    ],
    data: Path,
    out: Path,
    page: Path | None = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Trains several runs that differ in one setting, and writes a page that compares them.

    Finished runs are not repeated: after Ctrl-C, the same command continues.

    Args:
        name: the study.
        data: folder of the data set.
        out: folder for the runs.
        page: folder for the page and its images; by default the same as --out.
        accelerator: device type; auto uses a GPU if there is one.
    """
    from training import study as studies

    plan = studies.STUDIES[name]
    outcomes = list(studies.run(name, plan, data, out, accelerator))
    print(studies.write(name, plan, outcomes, page or out))
