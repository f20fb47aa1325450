"""Types and defaults that several commands share."""

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import tyro

from training.config import TrainingConfig
from training.config.recipes import RECIPES

Accelerator = Literal["auto", "cpu", "cuda"]

if TYPE_CHECKING:
    Recipe = TrainingConfig
else:
    Recipe = tyro.extras.subcommand_type_from_defaults(
        {name: recipe.config for name, recipe in RECIPES.items()},
        {name: recipe.description for name, recipe in RECIPES.items()},
        prefix_names=False,
    )


def recipe_name(words: list[str]) -> str:
    """The recipe among the words of a command line; "custom" without one."""
    return next((word for before, word in pairwise(words) if word in RECIPES and not before.startswith("--")), "custom")


def seeds(text: str) -> tuple[int, ...]:
    """Parses seeds that are separated by commas.

    Raises:
        ValueError: a seed is not a whole number in [0, 2^63).
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = next((word for word in words if not (word.isdecimal() and int(word) < 2**63)), None)
    if wrong is not None:
        raise ValueError(f"seeds are whole numbers from 0, separated by commas; {wrong!r} is not one")
    return tuple(int(word) for word in words)
