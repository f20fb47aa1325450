"""What a package holds that depends on what its model does."""

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
    """Proven networks, and what a manifest says of them.

    Attributes:
        networks: by name.
        goldens: inputs, and the images that they give.
        preview: (H, W, C) uint8.
        metrics: what was measured of networks that only a package of this task has.
        fields: the manifest's fields that belong to the task: image, latent, classes, directions, translation.
    """

    networks: Mapping[NetworkName, Graph]
    goldens: tuple[Golden, ...]
    preview: Pixels
    metrics: tuple[Metric, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


def engine(model: bytes) -> Sampler:
    """An exported network, run by the engine that serves it."""
    return Session(model, torch.get_num_threads()).run


def golden(sampler: Sampler, fed: Mapping[str, NDArray[np.float32]]) -> Golden:
    """Inputs, and what the network makes of them."""
    drawn = to_uint8(sampler(fed))
    return Golden(
        inputs={name: Array.pack("float32", part.shape, part.astype("<f4").tobytes()) for name, part in fed.items()},
        images=Array.pack("uint8", drawn.shape, drawn.tobytes()),
    )
