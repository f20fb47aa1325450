"""What a recipe is."""

from typing import NamedTuple

from training.config import TrainingConfig


class Recipe(NamedTuple):
    """A named configuration.

    Attributes:
        description: one sentence.
        images_per_s: real images seen per second on the reference machine, two CPU cores with AVX512-BF16; measured as
            docs/training-speed.md says.
    """

    description: str
    config: TrainingConfig
    images_per_s: float


def hours(config: TrainingConfig, images_per_s: float) -> float:
    """How long a whole run takes at a rate of real images seen per second."""
    return config.total_nimg / images_per_s / 3600.0
