"""Metrics of a run or of an exported package, and the sample grids by which a run is monitored.

Defines the protocols; the computation of each metric is in `training.metrics`.
"""

from collections.abc import Mapping

from training.config import GenerativeConfig, TrainingConfig, TranslationConfig
from training.data import Sets
from training.evaluate import generative, translation
from training.evaluate.critic_estimate import agreement
from training.evaluate.generative import evaluate
from training.evaluate.grids import SampleGrid, centre, sample_grid
from training.evaluate.measurement import Measurement
from training.evaluate.protocol import Protocol
from training.evaluate.sampling import (
    INPUTS,
    Floats,
    Sampler,
    generate_images,
    grid,
    module_sampler,
    samplers,
    save_png,
    seed_rows,
)
from training.evaluate.translation import held_out, translate


def measure(networks: Mapping[str, Sampler], config: TrainingConfig, sets: Sets) -> list[Measurement]:
    """Every metric of finished networks, on the test images.

    Args:
        networks: samplers by direction; "" for a generator.
        config: the run's configuration.
        sets: the data set.

    Raises:
        DataError: there are no test images.
    """
    if isinstance(config, GenerativeConfig):
        return generative.measure(networks[""], config, sets)
    assert isinstance(config, TranslationConfig)
    return translation.measure(networks, config, sets)


__all__ = [
    "INPUTS",
    "Floats",
    "Measurement",
    "Protocol",
    "SampleGrid",
    "Sampler",
    "agreement",
    "centre",
    "evaluate",
    "generate_images",
    "grid",
    "held_out",
    "measure",
    "module_sampler",
    "sample_grid",
    "samplers",
    "save_png",
    "seed_rows",
    "translate",
]
