"""The command line of batch runs: `python -m service render` and `python -m service translate`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from service.batch import runs
from service.batch.render import SUFFIXES, Seeds
from service.errors import GanvasError
from service.settings import Settings

_STOPPED = 130  # as shells have it for Ctrl-C
_EPILOG = "A run that was stopped or killed goes on where it was when the same command is given again."


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the two commands to those of `python -m service`."""
    drawing = commands.add_parser(
        "render",
        help="draw the pictures of many seeds into a folder or a zip",
        description="Draws the pictures of seeds to files with the bytes that the API gives.",
        epilog=_EPILOG,
    )
    drawing.add_argument("model", metavar="MODEL", help="name, or name@version")
    drawing.add_argument("--seeds", required=True, help="7, 0:100000 (the end left out), or some of these with commas")
    drawing.add_argument("--class", dest="class_", help="a class's name or index; by default each seed draws its own")
    drawing.add_argument("--truncation", type=float, default=1.0, help="above 0 and at most 1 (default: 1)")
    drawing.add_argument("--out", type=Path, required=True, help="a folder, or a name that ends in .zip")
    drawing.set_defaults(run=_render)
    translating = commands.add_parser(
        "translate",
        help="translate the pictures of a folder or a zip",
        description="Translates the pictures of a folder or a zip to files with the bytes that the API gives.",
        epilog=f"{_EPILOG} Files that are no pictures are named and passed over; the command then ends with 1.",
    )
    translating.add_argument("model", metavar="MODEL", help="name, or name@version")
    translating.add_argument("source", type=Path, metavar="IN", help="a folder or a zip")
    translating.add_argument("out", type=Path, metavar="OUT", help="a folder, or a name that ends in .zip")
    translating.add_argument("--fit", choices=("pad", "resize"), default="pad", help="as for the API (default: pad)")
    translating.set_defaults(run=_translate)
    for parser in (drawing, translating):
        parser.add_argument("--format", choices=tuple(SUFFIXES), default="png", help="of the files (default: png)")
        parser.add_argument("--ray", action="store_true", help="on a Ray cluster (extra ray; RAY_ADDRESS names it)")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Runs a command.

    Returns:
        0 when every file is there; 1 where some were bad; 2 where what was asked for is wrong; 130 after Ctrl-C.
    """
    command: Callable[[argparse.Namespace, Settings], runs.Outcome] = arguments.run
    try:
        outcome = command(arguments, settings)
    except (GanvasError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return _STOPPED
    print(outcome.sentence(arguments.out))
    return 1 if outcome.bad else 0


def _render(arguments: argparse.Namespace, settings: Settings) -> runs.Outcome:
    order = runs.RenderOrder(
        arguments.model,
        Seeds(arguments.seeds),
        arguments.class_,
        arguments.truncation,
        arguments.format,
        arguments.out,
        arguments.ray,
    )
    return runs.render_all(settings, order)


def _translate(arguments: argparse.Namespace, settings: Settings) -> runs.Outcome:
    order = runs.TranslateOrder(
        arguments.model, arguments.source, arguments.fit, arguments.format, arguments.out, arguments.ray
    )
    return runs.translate_all(settings, order)
