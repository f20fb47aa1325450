"""What a package of a model that draws from latents holds."""

import numpy as np
import torch
from numpy.typing import NDArray

from service import manifest
from service.manifest import NetworkName
from training import graphs
from training.config import GenerativeConfig
from training.data import PUBLISHED, ImageSet
from training.evaluate import grid, seed_rows
from training.export.contents import Contents, engine, golden
from training.graphs import Graph
from training.objectives import Generative

PREVIEW_SEEDS = 64
_GOLDEN_SEEDS = 2
_PARITY_ROWS = 64


def contents(config: GenerativeConfig, objective: Generative, data: ImageSet, weights: str) -> Contents:
    """Exports generator and judge, and draws goldens and preview.

    Raises:
        ExportError: a network was refused.
    """
    channels, height, width = objective.image_shape
    networks = _networks(config, objective, data, weights)
    sampler = engine(networks["generator"].model)
    return Contents(
        networks=networks,
        goldens=(golden(sampler, rows(config, _GOLDEN_SEEDS)),),
        preview=grid(sampler, rows(config, PREVIEW_SEEDS)),
        fields={
            "image": manifest.Image(height=height, width=width, channels=1 if channels == 1 else 3),
            "latent": manifest.Latent(dim=config.generator.z_dim, distribution=config.latent_distribution),
            "classes": _classes(config),
        },
    )


def rows(config: GenerativeConfig, count: int) -> dict[str, NDArray[np.float32]]:
    """What a generator is fed for the seeds 0 ... count - 1, as the service feeds it."""
    return seed_rows(config, len(_classes(config) or ()), count)


def _classes(config: GenerativeConfig) -> tuple[str, ...] | None:
    """The names of a conditional model's classes."""
    return PUBLISHED[config.dataset].classes if config.conditional else None


def _networks(
    config: GenerativeConfig, objective: Generative, data: ImageSet, weights: str
) -> dict[NetworkName, Graph]:
    picture = manifest.Tensor(name="images", shape=("N", *objective.image_shape), range=(-1.0, 1.0))
    classes = tuple(manifest.Tensor(name="classes", shape=("N", n)) for n in (objective.n_classes,) if n)
    fed = {name: torch.from_numpy(array) for name, array in rows(config, _PARITY_ROWS).items()}
    generator = graphs.build(
        objective.finished_generator(),
        fed,
        "generator.onnx",
        (manifest.Tensor(name="latents", shape=("N", config.generator.z_dim)), *classes),
        picture,
        weights,
    )
    shown = data.batch(torch.arange(_PARITY_ROWS) % len(data))
    height, width = objective.image_shape[1:]
    judged = {"images": shown.images[:, :, :height, :width].contiguous()}
    judged |= dict(zip(["classes"], objective.rows(shown.labels), strict=False))
    # A critic's score has no scale of its own, so it has another name than a logit, whose sigmoid is a probability.
    verdict = "scores" if "critic" in objective.networks else "logits"
    discriminator = graphs.build(
        objective.finished_judge(),
        judged,
        "discriminator.onnx",
        (picture, *classes),
        manifest.Tensor(name=verdict, shape=("N", 1)),
        weights,
    )
    return {"generator": generator, "discriminator": discriminator}
