"""The command line of batch runs: `python -m service render` and `python -m service translate`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from service.batch import runs
from service.batch.render import SUFFIXES, Seeds
from service.errors import GanvasError
from service.settings import Settings

_STOPPED = 130  # the exit code of shells after Ctrl-C
_EPILOG = "An interrupted run resumes when the same command is run again."


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the two commands to those of `python -m service`."""
    render = commands.add_parser(
        "render",
        help="generate the images of many seeds into a folder or a zip",
        description="Generate images from seeds. The files have the same bytes as the responses of the API.",
        epilog=_EPILOG,
    )
    render.add_argument("model", metavar="MODEL", help="name, or name@version")
    render.add_argument("--seeds", required=True, help="7, 0:100000 (exclusive end), or several separated by commas")
    render.add_argument("--class", dest="class_", help="a class's name or index; by default each seed selects its own")
    render.add_argument("--truncation", type=float, default=1.0, help="above 0 and at most 1 (default: 1)")
    render.add_argument("--out", type=Path, required=True, help="a folder, or a name that ends in .zip")
    render.set_defaults(run=_render)
    translate = commands.add_parser(
        "translate",
        help="translate the images of a folder or a zip",
        description="Translate the images of a folder or a zip. The files have the bytes of the API's responses.",
        epilog=f"{_EPILOG} Files that are not images are reported and skipped; the exit code is then 1.",
    )
    translate.add_argument("model", metavar="MODEL", help="name, or name@version")
    translate.add_argument("source", type=Path, metavar="IN", help="a folder or a zip")
    translate.add_argument("out", type=Path, metavar="OUT", help="a folder, or a name that ends in .zip")
    translate.add_argument("--fit", choices=("pad", "resize"), default="pad", help="as for the API (default: pad)")
    translate.set_defaults(run=_translate)
    for parser in (render, translate):
        parser.add_argument("--format", choices=tuple(SUFFIXES), default="png", help="of the files (default: png)")
        parser.add_argument("--ray", action="store_true", help="run on a Ray cluster (extra ray; RAY_ADDRESS names it)")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run a command.

    Returns:
        0 if every file exists; 1 if some failed; 2 if the arguments are wrong; 130 after Ctrl-C.
    """
    command: Callable[[argparse.Namespace, Settings], runs.Outcome] = arguments.run
    try:
        outcome = command(arguments, settings)
    except (GanvasError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; run the same command to resume", file=sys.stderr)
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
