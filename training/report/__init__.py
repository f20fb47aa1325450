"""The report of a run: one self-contained HTML page with styles for light, dark and print."""

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
        objective: the networks of a checkpoint; without them, the sections that need them are omitted.
        sets: the data of the run; required with `objective`.
        shown: a sentence that names the checkpoint, or the reason why there is none.

    Returns:
        The page's path.
    """
    drawn = Drawn() if objective is None or sets is None else images.draw(run, objective, sets)
    path = run.folder / FILE_NAME
    path.write_text(render(run, drawn, shown))
    return path


def render(run: Run, drawn: Drawn, shown: str) -> str:
    """Renders the page.

    Args:
        run: the run whose logs are shown.
        drawn: images that its networks generated.
        shown: a sentence about the checkpoint.

    Returns:
        HTML.
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
