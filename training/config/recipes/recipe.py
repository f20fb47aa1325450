"""The type of a recipe."""

from typing import NamedTuple

from training.config import TrainingConfig


class Recipe(NamedTuple):
    """A named configuration.

    Attributes:
        description: one sentence.
        images_per_s: real images seen per second on the reference machine, two CPU cores with AVX512-BF16; measured as
            described in docs/training-speed.md.
    """

    description: str
    config: TrainingConfig
    images_per_s: float


def hours(config: TrainingConfig, images_per_s: float) -> float:
    """The duration of a whole run in hours, at a rate of real images seen per second."""
    return config.total_nimg / images_per_s / 3600.0
