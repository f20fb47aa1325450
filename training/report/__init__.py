"""One self-contained HTML page about a run: it asks for no other file, and reads in light, dark and print."""

from pathlib import Path

import jinja2

from training.data import Sets
from training.objectives import Objective
from training.report import gather, images
from training.report.images import Drawn
from training.runs.folder import Run

FILE_NAME = "report.html"


def write(run: Run, objective: Objective | None, sets: Sets | None, shown: str) -> Path:
    """Writes RUN/report.html.

    Args:
        run: finished or not.
        objective: as a checkpoint left it; without it, what needs the networks is left out.
        sets: the data, with the networks.
        shown: which checkpoint that is, or why there is none.

    Returns:
        The page's path.
    """
    drawn = Drawn() if objective is None or sets is None else images.draw(run, objective, sets)
    path = run.folder / FILE_NAME
    path.write_text(render(run, drawn, shown))
    return path


def render(run: Run, drawn: Drawn, shown: str) -> str:
    """The page.

    Args:
        run: whose files are told of.
        drawn: images of the networks.
        shown: a sentence about the checkpoint.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("training.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    told = gather.gather(run)
    return environment.get_template("page.html.j2").render(
        told=told, drawn=drawn, timeline=images.timeline(run.folder), shown=shown
    )
