"""The folder of a run: its configuration, path of its data, checkpoints, logs and sample grids.

RUN/config.json         the configuration, every field
RUN/run.json            recipe, data folder and device
RUN/checkpoint.pt       the newest checkpoint
RUN/metrics.jsonl       one line of losses every `log_every_steps`; also alarms, measurements and snapshots
RUN/best.pt, best.json  the networks with the best metric on held-out images; their step and value
RUN/tensorboard/        the same for TensorBoard, with the sample grids
RUN/samples/NNNNNNNNN.png  samples of the same latents after that number of images seen
RUN/evaluation.json     the metrics that `evaluate` measured
RUN/report.html         the page that `report` writes
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from training import config as configs
from training.config import TrainingConfig
from training.config.renamed import current_recipe
from training.runs.files import write_json

_KINDS = ("sgd", "rmsprop", "adam")  # pydantic names them in the path to an optimiser's field


class RunError(RuntimeError):
    """A run's folder cannot be used; the message gives the reason and what to do."""


@dataclass(frozen=True)
class Run:
    """One run: its folder and configuration.

    Attributes:
        folder: all files of the run.
        recipe: name of the recipe.
        config: the recipe with the overrides of the command line.
        data: folder of the data set.
        device: description of the training device, for the model card.
        init_from: the package whose weights the run started from, as name, version and digest.
        images_before: real images that the networks of that package had seen.
    """

    folder: Path
    recipe: str
    config: TrainingConfig
    data: Path
    device: str = "unknown"
    init_from: str | None = None
    images_before: int = 0

    @property
    def checkpoint(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "checkpoint.pt"

    @property
    def best(self) -> Path:
        """The averaged networks with the best metric on held-out images, if any were measured."""
        return self.folder / "best.pt"

    def refuse_another(self) -> None:
        """Refuses a folder that contains a run. A run that ended before its first checkpoint may be replaced.

        Raises:
            RunError: the folder holds a run already.
        """
        if self.checkpoint.exists():
            raise RunError(
                f"{self.folder} holds a run already: go on with it by `python -m training resume {self.folder}`, "
                "or choose another --out"
            )

    def create(self, device: str) -> None:
        """Creates the folder and writes the configuration.

        Args:
            device: description of the training device.

        Raises:
            RunError: the folder holds a run already.
        """
        self.refuse_another()
        (self.folder / "samples").mkdir(parents=True, exist_ok=True)
        about = {"recipe": self.recipe, "data": str(self.data.resolve()), "device": device}
        before = {"init_from": self.init_from, "images_before": self.images_before}
        write_json(self.folder / "run.json", about | (before if self.init_from else {}))
        write_json(self.folder / "config.json", configs.to_json(self.config))

    def save_metrics(
        self, step: int, metrics: list[dict[str, object]], finished_description: str | None = None
    ) -> None:
        """Saves the metrics of a step and of networks with this `Objective.finished_description`."""
        write_json(
            self.folder / "evaluation.json", {"step": step, "finished": finished_description, "metrics": metrics}
        )

    def metrics(self, step: int, finished_description: str | None = None) -> list[dict[str, Any]]:
        """Returns the metrics of exactly this step and of networks with this description; otherwise nothing."""
        path = self.folder / "evaluation.json"
        saved = _read(path) if path.exists() else {}
        note = current_recipe(saved.get("finished") or "") or None
        return list(saved["metrics"]) if (saved.get("step"), note) == (step, finished_description) else []

    def recipe_with(self, finished_description: str | None) -> str:
        """Returns the recipe, with the changes made to its networks after training."""
        return self.recipe if finished_description is None else f"{self.recipe}, {finished_description}"


def open_run(folder: Path, data: Path | None = None) -> Run:
    """Opens the run in a folder.

    Args:
        folder: a folder that `Run.create` created.
        data: folder of the data set, if it has moved.

    Raises:
        RunError: there is no run, or this version cannot read its configuration.
    """
    about, values = (_read(folder / name) for name in ("run.json", "config.json"))
    try:
        config = configs.from_json(values)
        before = about.get("init_from"), about.get("images_before", 0)
        return Run(folder, about["recipe"], config, data or Path(about["data"]), about["device"], *before)
    except ValidationError as error:
        raise RunError(f"{folder / 'config.json'}: {sentence(error)}") from error
    except ValueError as error:
        raise RunError(f"{folder / 'config.json'}: {error}") from error
    except KeyError as error:
        raise RunError(f"{folder / 'run.json'} has no {error.args[0]}") from error


def sentence(error: ValidationError) -> str:
    """Formats a validation error as one sentence: the field, the problem and the invalid value."""
    parts = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"] if part not in _KINDS)
        said = str(item["msg"]).removeprefix("Value error, ")
        parts.append(f"{field}: {said} (it is {item['input']!r})" if field else said)
    return "; ".join(parts)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise RunError(
            f"{path.parent} holds no run, since it has no {path.name}, and no package, which is models/NAME/VERSION"
        ) from error
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise RunError(f"{path} holds no JSON object")
    return values
