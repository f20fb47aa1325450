"""The named recipes: each method as published, and a preset of it for a CPU.

A recipe named after a paper is that paper's recipe; comments beside it name every difference.
"""

from training.config.recipes.generative import GENERATIVE
from training.config.recipes.recipe import Recipe, hours
from training.config.recipes.translation import TRANSLATION

RECIPES: dict[str, Recipe] = GENERATIVE | TRANSLATION

__all__ = ["RECIPES", "Recipe", "hours"]
