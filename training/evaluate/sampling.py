"""Sampling from generators and translators as the service does, and image grids of the result."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service.imaging import codecs
from service.imaging.pixels import Pixels, to_uint8
from service.imaging.pixels import grid as image_grid
from service.pipelines import latents
from training.config import GenerativeConfig
from training.objectives import Generative, Objective, Translation

Floats = NDArray[np.float32]
Sampler = Callable[[Mapping[str, Floats]], Floats]
"""A generator: `latents` (N, z_dim), and `classes` (N, n_classes) if it has them -> (N, C, H, W) float32 in [-1, 1].

A translator: `images` (N, 3, H, W) float32 in [-1, 1] -> the same.
"""

INPUTS = ("latents", "classes", "images")
"""The possible inputs of a network, in order."""
_BATCH = 500


def module_sampler(generator: nn.Module, device: torch.device) -> Sampler:
    """Wraps a trained network as a sampler."""

    def sample(rows: Mapping[str, Floats]) -> Floats:
        with torch.inference_mode():
            drawn: Tensor = generator(*(torch.from_numpy(rows[name]).to(device) for name in INPUTS if name in rows))
        return drawn.float().cpu().numpy()

    return sample


def samplers(objective: Objective) -> dict[str, Sampler]:
    """An objective's finished networks as samplers by direction; "" for a generator."""
    device = objective.fabric.device
    if isinstance(objective, Generative):
        return {"": module_sampler(objective.finished_generator(), device)}
    assert isinstance(objective, Translation)
    return {direction: module_sampler(objective.finished(direction), device) for direction in objective.directions}


def seed_rows(config: GenerativeConfig, n_classes: int, count: int, first: int = 0) -> dict[str, Floats]:
    """A generator's inputs for the seeds first ... first + count - 1, as in the service.

    As in a request without a class, the seed also determines the class.

    Args:
        config: determines the latents' size and distribution.
        n_classes: number of classes; 0 if the model has none.
        count: number of seeds.
        first: the first seed.
    """
    z_dim, distribution, seeds = config.generator.z_dim, config.latent_distribution, range(first, first + count)
    rows = {"latents": np.stack([latents.draw(seed, z_dim, distribution) for seed in seeds])}
    if n_classes:
        rows["classes"] = np.eye(n_classes, dtype=np.float32)[[latents.draw_class(seed, n_classes) for seed in seeds]]
    return rows


def generate_images(sampler: Sampler, rows: Mapping[str, Floats]) -> Floats:
    """Generates the images of input rows in batches, (N, C, H, W) float32 in [-1, 1]."""
    count = len(rows["latents"])
    parts = ({name: array[i : i + _BATCH] for name, array in rows.items()} for i in range(0, count, _BATCH))
    return np.concatenate([sampler(part) for part in parts])


def grid(sampler: Sampler, rows: Mapping[str, Floats], columns: int = 8) -> Pixels:
    """Generates the images of input rows as one grid, (H, W, C) uint8."""
    return image_grid(to_uint8(sampler(rows)), columns)


def save_png(pixels: Pixels, path: Path) -> None:
    """Writes one image, (H, W, C) uint8."""
    path.write_bytes(codecs.encode(pixels, "png"))
