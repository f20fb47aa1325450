"""The command line: `python -m training COMMAND`; each command's --help says what it takes."""

import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from pydantic import ValidationError

from training import config as configs
from training.config import TrainingConfig
from training.config.recipes import RECIPES, hours
from training.runs.folder import Run, RunError, open_run, sentence

Accelerator = Literal["auto", "cpu", "cuda"]

if TYPE_CHECKING:
    _Recipe = TrainingConfig
else:
    _Recipe = tyro.extras.subcommand_type_from_defaults(
        {name: recipe.config for name, recipe in RECIPES.items()},
        {name: recipe.description for name, recipe in RECIPES.items()},
        prefix_names=False,
    )


def recipes() -> None:
    """Shows the named recipes."""
    from training import objectives

    print(
        f"{'recipe':<26} {'method':<8} {'data':<13} {'px':>3} {'images':>10} {'batch':>5} {'G':>7} {'D':>7} "
        f"{'hours':>6}  description"
    )
    for name, (description, config, images_per_s) in RECIPES.items():
        counts = objectives.parameter_counts(config)
        drawing = sum(count for network, count in counts.items() if network.startswith("generator"))
        judging = sum(counts.values()) - drawing
        side = config.images.crop_px if config.images else objectives.IDX_SIDE_PX
        print(
            f"{name:<26} {config.method:<8} {config.dataset:<13} {side:>3} {config.total_nimg:>10,} "
            f"{config.batch_size:>5} {drawing / 1e6:>6.2f}M {judging / 1e6:>6.2f}M "
            f"{hours(config, images_per_s):>6.1f}  {description}"
        )
    print("\nhours: on two CPU cores with AVX512-BF16; `doctor` measures them on this machine")


def train(
    config: Annotated[_Recipe, tyro.conf.arg(name="")],
    data: Path,
    out: Path,
    init_from: Path | None = None,
    accelerator: Accelerator = "auto",
    devices: int = 1,
) -> None:
    """Trains a recipe; every field of it can be overridden.

    Args:
        config: the recipe.
        data: folder of the data set.
        out: folder of the run, which must not hold one yet.
        init_from: models/NAME/VERSION to go on from, with fresh optimisers.
        accelerator: what to train on; auto takes a GPU where there is one.
        devices: how many devices, or processes on a CPU.
    """
    from training import commands

    checked, recipe = configs.validated(config), _recipe_name()
    commands.train(Run(out, recipe, checked, data), accelerator, devices, init_from)


def doctor(
    config: Annotated[_Recipe, tyro.conf.arg(name="")],
    data: Path,
    out: Path | None = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Says what a recipe finds in a data set, what it needs, how long it takes here, and what would go wrong.

    Args:
        config: the recipe; every field of it can be overridden.
        data: folder of the data set.
        out: folder of the run that is meant, to look at the room on its disk.
        accelerator: what to train on; auto takes a GPU where there is one.
    """
    from training import commands

    checked, recipe = configs.validated(config), _recipe_name()
    commands.doctor(Run(out or Path(), recipe, checked, data), accelerator, out, sys.argv[2:])


def resume(
    run: tyro.conf.Positional[Path], data: Path | None = None, accelerator: Accelerator = "auto", devices: int = 1
) -> None:
    """Goes on with a run from its last checkpoint, as if it had never stopped.

    Args:
        run: folder of the run.
        data: folder of the data set, if it was moved.
        accelerator: what to train on; auto takes a GPU where there is one.
        devices: how many devices, or processes on a CPU.
    """
    from training import commands

    commands.resume(open_run(run, data), accelerator, devices)


def evaluate(
    target: tyro.conf.Positional[Path],
    data: Path | None = None,
    best: bool = False,
    keep: Path | None = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Measures a run's averaged generator, or an exported package.

    Args:
        target: folder of a run, or models/NAME/VERSION.
        data: folder of the data set; a run knows its own.
        best: takes the checkpoint that measured best on held-back images, not the last one.
        keep: of a package the run that it was exported from, which keeps the numbers for the card of its next export;
            with --best, if it was exported so.
        accelerator: what to measure a run on; a package is measured on the CPU; auto takes a GPU where there is one.
    """
    from training import commands

    commands.evaluate(target, data, best, accelerator, keep)


def report(
    run: tyro.conf.Positional[Path],
    data: Path | None = None,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Writes RUN/report.html, one page that holds all that it shows.

    Args:
        run: folder of the run, finished or not.
        data: folder of the data set, if it was moved.
        best: shows the checkpoint that measured best on held-back images, not the last one.
        accelerator: what to draw on; auto takes a GPU where there is one.
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
    thin_db: float | None = None,
    discriminator: bool = True,
) -> None:
    """Writes a model package that the service serves.

    Args:
        run: folder of the run.
        name: of the model: small letters, digits and hyphens; for CycleGAN of the one that leads from A to B.
        inverse: name of the model that leads from B to A, for CycleGAN.
        models: folder of all packages.
        version: a positive integer; by default one more than the newest.
        weights: how they are stored; auto is float16 where the images stay above 50 dB, else float32. With int8 those
            weights are float16 without which the output would fall below 45 dB.
        description: one sentence for the card; by default the recipe's.
        weaknesses: what the model is known to do badly, a sentence each, for the card.
        best: takes the checkpoint that measured best on held-back images, not the last one.
        thin_db: large dense layers become the product of two thinner ones, as thin as leaves the output so many dB
            above its error, 40 for example; by default they stay whole.
        discriminator: whether a model that draws brings its discriminator, or critic.
    """
    from training import commands
    from training.packaging.write import Label

    label = Label(name, inverse, version, description, weaknesses)
    commands.export(open_run(run), models, label, weights, best, thin_db, discriminator)


def directions(
    run: tyro.conf.Positional[Path],
    attributes: tuple[str, ...] | None = None,
    left: str = "",
    right: str = "",
    nimg: int = 20_000,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Finds named directions in a run's latent space, and keeps them for its package.

    Args:
        run: folder of the run.
        attributes: what each is to bring: CelebA's attributes, or names of classes; by default smile, glasses and male.
        left: seeds of samples that look left, as 3,17,29, for the direction `turn`.
        right: seeds of samples that look right.
        nimg: samples that they are fitted to.
        best: takes the checkpoint that measured best on held-back images, not the last one.
        accelerator: what to draw on; auto takes a GPU where there is one.
    """
    from training import commands

    commands.directions(open_run(run), attributes, _seeds(left), _seeds(right), nimg, best, accelerator)


def clarify(
    run: tyro.conf.Positional[Path],
    nimg: int = 192_000,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Teaches a run's class-conditional generator to show the class that is asked for clearly, all else kept.

    Args:
        run: folder of the run.
        nimg: samples to learn from.
        best: takes the checkpoint that measured best on held-back images, not the last one.
        accelerator: what to train on; auto takes a GPU where there is one.
    """
    from training import commands

    commands.clarified(open_run(run), nimg, best, accelerator)


def encoder(
    run: tyro.conf.Positional[Path],
    nimg: int = 200_000,
    pixel_weight: float = 1.0,
    best: bool = False,
    accelerator: Accelerator = "auto",
) -> None:
    """Trains a network that turns images back into a run's latents, and keeps it for its package.

    Args:
        run: folder of the run.
        nimg: samples to train on.
        pixel_weight: how much the pixels of samples and real images count beside the latents; 0 leaves them out.
        best: takes the checkpoint that measured best on held-back images, not the last one.
        accelerator: what to train on; auto takes a GPU where there is one.
    """
    from training import commands

    commands.encoder(open_run(run), nimg, pixel_weight, best, accelerator)


def judge(
    dataset: tyro.conf.Positional[Literal["mnist", "fashion-mnist", "celeba", "facades", "monet2photo", "horse2zebra"]],
    data: Path,
    role: Literal["reporting", "selection"] = "reporting",
    epochs: int | None = None,
) -> None:
    """Trains the independent classifier that reads samples or translations, and stores it inside this package.

    Args:
        dataset: what it is to read: classes, CelebA's attributes, a facade's labels, or two domains.
        data: folder of the data set.
        role: the one that reports numbers must not be the one by which anything was chosen or fitted.
        epochs: how long; by default as the judges that come with the package.
    """
    from training import commands

    commands.judge(dataset, data, role, epochs)


def study(
    name: tyro.conf.Positional[
        Literal["losses", "epochs", "games", "modes", "pix2pix-losses", "pix2pix-patches", "cyclegan-losses"]
    ],
    data: Path,
    out: Path,
    page: Path | None = None,
    accelerator: Accelerator = "auto",
) -> None:
    """Trains a few runs that differ in one thing, and writes what came out side by side.

    What is finished is not done again: after Ctrl-C, the same command goes on.

    Args:
        name: what is compared.
        data: folder of the data set.
        out: where the runs lie.
        page: where the page and its images go; by default into the same folder.
        accelerator: what to train on; auto takes a GPU where there is one.
    """
    from training import study as studying

    plan = studying.STUDIES[name]
    outcomes = list(studying.run(name, plan, data, out, accelerator))
    print(studying.write(name, plan, outcomes, page or out))


def _recipe_name() -> str:
    """The recipe that the command line names."""
    words = pairwise(sys.argv)
    return next((word for before, word in words if word in RECIPES and not before.startswith("--")), "custom")


def main() -> int:
    """Runs one command.

    Returns:
        0; 1 after an error that was said in one sentence; 130 after Ctrl-C.
    """
    for word in sys.argv[1:]:
        option = word.split("=")[0].replace("_", "-")
        if option in _RENAMED_OPTIONS:
            return _fail(f"{option} is called {_RENAMED_OPTIONS[option]} now")
    if "pictures" in sys.argv and sys.argv[sys.argv.index("pictures") - 1] == "--dataset":
        return _fail("--dataset pictures is called --dataset images now")
    try:
        tyro.extras.subcommand_cli_from_dict(
            _COMMANDS,
            prog="python -m training",
            config=(tyro.conf.CascadeSubcommandArgs, tyro.conf.AvoidSubcommands),
        )
    except ValidationError as error:
        return _fail(sentence(error))
    except (RunError, OSError, ValueError, RuntimeError, FloatingPointError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:  # outside of the loop, or for the second time
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


def _seeds(text: str) -> tuple[int, ...]:
    """Seeds with commas between them."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = next((word for word in words if not (word.isdecimal() and int(word) < 2**63)), None)
    if wrong is not None:
        raise ValueError(f"seeds are whole numbers from 0 with commas between them; {wrong!r} is not one")
    return tuple(int(word) for word in words)


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


_COMMANDS: dict[str, Any] = {
    "recipes": recipes,
    "doctor": doctor,
    "train": train,
    "resume": resume,
    "evaluate": evaluate,
    "report": report,
    "export": export,
    "clarify": clarify,
    "directions": directions,
    "encoder": encoder,
    "judge": judge,
    "study": study,
}

# Options of older versions: one sentence names the current one.
_RENAMED_OPTIONS = {f"--pictures.{name}": f"--images.{name}" for name in ("load-px", "crop-px", "flip", "no-flip")}

if __name__ == "__main__":
    sys.exit(main())
