"""Frozen dataclasses, one per method; each hyper-parameter is declared once, and `recipes` gives values.

Independent of torch: networks and objectives read these values, the command line overrides them, and a run
saves them with its checkpoints. Values are validated on input: by `validated` from the command line, by
`from_json` from a file.
"""

from typing import Any

from pydantic import TypeAdapter

from training.config.fields import Augmentation, Task
from training.config.generative import DcganConfig, GanConfig, GenerativeConfig, WganConfig, WganGpConfig
from training.config.networks import (
    ConvDiscriminator,
    ConvGenerator,
    MlpDiscriminator,
    MlpGenerator,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    PyramidGenerator,
    ResnetGenerator,
    UnetGenerator,
)
from training.config.optimizers import Adam, RmsProp, Sgd
from training.config.renamed import with_current_names
from training.config.training import ImageInput, TrainingConfig
from training.config.translation import CycleganConfig, Pix2pixConfig, TranslationConfig

__all__ = [
    "METHODS",
    "Adam",
    "Augmentation",
    "ConvDiscriminator",
    "ConvGenerator",
    "CycleganConfig",
    "DcganConfig",
    "GanConfig",
    "GenerativeConfig",
    "ImageInput",
    "MlpDiscriminator",
    "MlpGenerator",
    "MultiscaleDiscriminator",
    "PatchDiscriminator",
    "Pix2pixConfig",
    "PyramidGenerator",
    "ResnetGenerator",
    "RmsProp",
    "Sgd",
    "Task",
    "TrainingConfig",
    "TranslationConfig",
    "UnetGenerator",
    "WganConfig",
    "WganGpConfig",
    "from_json",
    "to_json",
    "validated",
]


def to_json(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as plain JSON values, including the method's name."""
    return {"method": config.method, **TypeAdapter(type(config)).dump_python(config, mode="json")}


def from_json(values: dict[str, Any]) -> TrainingConfig:
    """The configuration that `to_json` wrote, in this version or an older one.

    Raises:
        ValueError: an unknown method, an unknown field, or a value out of its range.
    """
    fields = with_current_names(values)
    method = fields.pop("method", None)
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, but must be one of {', '.join(METHODS)}")
    return TypeAdapter(METHODS[method]).validate_python(fields)


def validated(config: TrainingConfig) -> TrainingConfig:
    """An equal configuration, with all values and rules validated.

    Plain dataclasses do not validate on construction: the command line builds them part by part, and an error there
    would not name the option.

    Raises:
        ValidationError: a value is out of its range, or values do not fit each other.
    """
    return TypeAdapter(type(config)).validate_python(config)


METHODS: dict[str, type[TrainingConfig]] = {
    kind.method: kind for kind in (GanConfig, DcganConfig, WganConfig, WganGpConfig, Pix2pixConfig, CycleganConfig)
}
