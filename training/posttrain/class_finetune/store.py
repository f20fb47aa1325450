"""The file of a run that holds its fine-tuned generator: RUN/class_finetune.pt."""

from pathlib import Path

from torch import nn

from training.objectives import Generative, Objective
from training.runs import checkpoint

FILE_NAME = "class_finetune.pt"
_FORMER_FILE_NAME = "clarified.pt"


def save(folder: Path, step: int, nimg: int, digest: str, generator: nn.Module) -> None:
    """Saves a fine-tuned generator in a run's folder and removes the file of an older version.

    Args:
        folder: the run's folder.
        step: training steps of the generator before fine-tuning.
        nimg: samples of the classifier stage.
        digest: SHA-256 of the classifier.
        generator: the fine-tuned generator.

    Raises:
        CheckpointError: the file could not be written.
    """
    state = {"step": step, "nimg": nimg, "classifier": digest, "generator": generator.state_dict()}
    checkpoint.save(folder / FILE_NAME, state)
    (folder / _FORMER_FILE_NAME).unlink(missing_ok=True)


def load(objective: Objective, folder: Path, step: int) -> bool:
    """Replaces an objective's finished generator by the fine-tuned one of the same step, if the run has one.

    Args:
        objective: the run's objective.
        folder: the run's folder.
        step: steps that the objective was trained for.

    Returns:
        False if the file belongs to another step; the objective is then unchanged.

    Raises:
        CheckpointError: the file is damaged or belongs to other networks.
    """
    path = path_in(folder)
    if not path.exists():
        return True
    state = checkpoint.load(path)
    try:
        if state["step"] != step:
            return False
        assert isinstance(objective, Generative)
        digest = state["classifier"] if "classifier" in state else state["judge"]  # `judge`: key of older versions
        objective.finish_as(state["generator"], recipe_note(state["nimg"], digest))
    except (AssertionError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise checkpoint.CheckpointError(
            f"{path} does not fit the run: delete it and run `finetune-classes` again"
        ) from error
    return True


def path_in(folder: Path) -> Path:
    """Returns the path of the fine-tuned generator; the older version's path if only that file exists."""
    path, former = folder / FILE_NAME, folder / _FORMER_FILE_NAME
    return former if former.exists() and not path.exists() else path


def recipe_note(nimg: int, digest: str) -> str:
    """Returns the text that a model card adds to the recipe of a fine-tuned generator."""
    return f"classes fine-tuned ({nimg:,} samples, classifier {digest[:12]})"
