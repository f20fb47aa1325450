"""Contents of the package of a model that generates images from latents."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service.repository import manifest
from service.repository.manifest import NetworkName
from training.config import GenerativeConfig
from training.data import PUBLISHED, Batch, ImageSet
from training.evaluate import Measurement, grid, seed_rows
from training.objectives import Generative
from training.packaging.contents import Contents, engine, golden
from training.packaging.onnx import export
from training.packaging.onnx.export import Graph, Thin
from training.posttrain import directions, encoder

PREVIEW_SEEDS = 64
_GOLDEN_SEEDS = 2
_PARITY_ROWS = 64
_FITTED_ROWS = 4_000  # for low-rank layers, whose ranks are a few hundred at most


class Storing(NamedTuple):
    """Which networks a package holds, and how their weights are stored.

    Attributes:
        weights: see `export.build`.
        low_rank_db: minimum signal-to-noise ratio with low-rank layers, see `export.Thin`; None disables them.
        with_discriminator: whether the package holds the discriminator or critic.
    """

    weights: str
    low_rank_db: float | None = None
    with_discriminator: bool = True

    def thin(self, rows: Callable[[], Mapping[str, Tensor]]) -> Thin | None:
        """Options of the low-rank layers; `rows` is called only if they are enabled."""
        return None if self.low_rank_db is None else Thin(rows(), self.low_rank_db)


def contents(
    config: GenerativeConfig,
    objective: Generative,
    data: ImageSet,
    storing: Storing,
    folder: Path,
    step: int,
) -> Contents:
    """Exports generator, discriminator and encoder, and generates goldens and preview.

    Args:
        config: the run's configuration.
        objective: trained, on the CPU.
        data: the training images.
        storing: selects networks and the storage of their weights.
        folder: the run's folder, which may hold named directions and an encoder.
        step: steps that the objective was trained for; directions and encoders of another step are ignored.

    Raises:
        ExportError: a network cannot be exported.
        CheckpointError: the encoder's file is damaged.
    """
    channels, height, width = objective.image_shape
    networks: dict[NetworkName, Graph] = {"generator": _drawing(config, objective, storing)}
    sampler = engine(networks["generator"].model)
    if storing.with_discriminator:
        networks["discriminator"] = _discriminator(config, objective, data, networks["generator"], storing)
    back = encoder.load(folder, step, config, objective.image_shape)
    if back:
        networks["encoder"] = _encoder(config, objective, data, back[0], storing.weights)
    return Contents(
        networks=networks,
        goldens=(golden(sampler, rows(config, _GOLDEN_SEEDS)),),
        preview=grid(sampler, rows(config, PREVIEW_SEEDS)),
        metrics=tuple(_metric(item) for item in (back[1] if back else ())),
        fields={
            "image": manifest.Image(height=height, width=width, channels=1 if channels == 1 else 3),
            "latent": manifest.Latent(dim=config.generator.z_dim, distribution=config.latent_distribution),
            "classes": _classes(config),
            "directions": tuple(found.described() for found in directions.load(folder, step)),
        },
    )


def rows(config: GenerativeConfig, count: int) -> dict[str, NDArray[np.float32]]:
    """Generator inputs for the seeds 0 ... count - 1, as the service computes them."""
    return seed_rows(config, len(_classes(config) or ()), count)


def _classes(config: GenerativeConfig) -> tuple[str, ...] | None:
    """The names of a conditional model's classes."""
    return PUBLISHED[config.dataset].classes if config.conditional else None


def _drawing(config: GenerativeConfig, objective: Generative, storing: Storing) -> Graph:
    classes = _told(objective)
    return export.build(
        objective.finished_generator(),
        _torch(rows(config, _PARITY_ROWS)),
        "generator.onnx",
        (manifest.Tensor(name="latents", shape=("N", config.generator.z_dim)), *classes),
        _image(objective),
        storing.weights,
        thin=storing.thin(lambda: _torch(rows(config, _FITTED_ROWS))),
    )


def _discriminator(
    config: GenerativeConfig, objective: Generative, data: ImageSet, generator: Graph, storing: Storing
) -> Graph:
    shown = _shown(objective, data)
    inputs = {"images": shown.images}
    inputs |= dict(zip(["classes"], objective.rows(shown.labels), strict=False))
    # A critic's score has no scale, unlike a logit, whose sigmoid is a probability; so their names differ.
    verdict = "scores" if "critic" in objective.networks else "logits"
    return export.build(
        objective.finished_discriminator(),
        inputs,
        "discriminator.onnx",
        (_image(objective), *_told(objective)),
        manifest.Tensor(name=verdict, shape=("N", 1)),
        storing.weights,
        thin=storing.thin(lambda: _discriminator_rows(config, objective, data, generator)),
    )


def _told(objective: Generative) -> tuple[manifest.Tensor, ...]:
    """The class input of a conditional network, if it has one."""
    return tuple(manifest.Tensor(name="classes", shape=("N", n)) for n in (objective.n_classes,) if n)


def _discriminator_rows(
    config: GenerativeConfig, objective: Generative, data: ImageSet, generator: Graph
) -> dict[str, Tensor]:
    """Discriminator inputs: alternating real and generated images."""
    count = min(_FITTED_ROWS // 2, len(data))
    real, fed = _shown(objective, data, count), rows(config, count)
    drawn = torch.from_numpy(engine(generator.model)(fed))
    inputs = {"images": torch.stack((real.images, drawn), dim=1).flatten(0, 1)}
    if "classes" in fed:
        told = torch.stack((*objective.rows(real.labels), torch.from_numpy(fed["classes"])), dim=1)
        inputs["classes"] = told.flatten(0, 1)
    return inputs


def _torch(arrays: dict[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _encoder(
    config: GenerativeConfig, objective: Generative, data: ImageSet, network: nn.Module, weights: str
) -> Graph:
    latents = manifest.Tensor(
        name="latents",
        shape=("N", config.generator.z_dim),
        range=(-1.0, 1.0) if config.latent_distribution == "uniform" else None,
    )
    shown = {"images": _shown(objective, data).images}
    return export.build(network, shown, "encoder.onnx", (_image(objective),), latents, weights)


def _image(objective: Generative) -> manifest.Tensor:
    return manifest.Tensor(name="images", shape=("N", *objective.image_shape), range=(-1.0, 1.0))


def _shown(objective: Generative, data: ImageSet, count: int = _PARITY_ROWS) -> Batch:
    """Real images, cropped to the discriminator's input size."""
    height, width = objective.image_shape[1:]
    batch = data.batch(torch.arange(count) % len(data))
    return Batch(batch.images[:, :, :height, :width].contiguous(), batch.labels)


def _metric(measured: Measurement) -> manifest.Metric:
    values = measured.to_json()
    del values["direction"]
    return manifest.Metric.model_validate(values)
