"""Commands of `python -m training`: their arguments and help. `training.commands` does the work.

Nothing here imports torch before a command runs, so that `--help` is fast.
"""

from collections.abc import Callable, Mapping
from typing import Any

from training.cli.checkpoints import import_checkpoint
from training.cli.finetuning import directions, encoder, finetune_classes, train_classifier
from training.cli.results import evaluate, export, report
from training.cli.runs import doctor, recipes, resume, study, train

COMMANDS: Mapping[str, Callable[..., Any]] = {
    "recipes": recipes,
    "doctor": doctor,
    "train": train,
    "resume": resume,
    "evaluate": evaluate,
    "report": report,
    "export": export,
    "import": import_checkpoint,
    "finetune-classes": finetune_classes,
    "directions": directions,
    "encoder": encoder,
    "train-classifier": train_classifier,
    "study": study,
}
"""Command -> function. The function's signature gives the options."""
