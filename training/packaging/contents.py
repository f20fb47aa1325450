"""Package contents that depend on the task of the model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from service.imaging.pixels import Pixels, to_uint8
from service.inference.session import Session
from service.repository.manifest import Array, Golden, Metric, NetworkName
from training.evaluate import Sampler
from training.packaging.onnx.export import Graph


@dataclass(frozen=True)
class Contents:
    """Verified networks and their fields of the manifest.

    Attributes:
        networks: exported networks by name.
        goldens: reference inputs and their output images.
        preview: (H, W, C) uint8.
        metrics: metrics of networks that are specific to the task.
        fields: task-specific fields of the manifest: image, latent, classes, directions, translation.
    """

    networks: Mapping[NetworkName, Graph]
    goldens: tuple[Golden, ...]
    preview: Pixels
    metrics: tuple[Metric, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


def engine(model: bytes) -> Sampler:
    """Loads an exported network into the engine that serves it."""
    return Session(model, torch.get_num_threads()).run


def golden(sampler: Sampler, fed: Mapping[str, NDArray[np.float32]]) -> Golden:
    """Creates a golden: inputs and the network's output images for them."""
    drawn = to_uint8(sampler(fed))
    return Golden(
        inputs={name: Array.pack("float32", part.shape, part.astype("<f4").tobytes()) for name, part in fed.items()},
        images=Array.pack("uint8", drawn.shape, drawn.tobytes()),
    )
