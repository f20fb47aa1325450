"""Sampling from generators and translators, as the service does it, and images of the result."""

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
"""A generator: `latents` (N, z_dim), and `classes` (N, n_classes) where it has them -> (N, C, H, W) float32 in [-1, 1].

A translator: `images` (N, 3, H, W) float32 in [-1, 1] -> the same.
"""

INPUTS = ("latents", "classes", "images")
"""A network's inputs in their order."""
_BATCH = 500


def module_sampler(generator: nn.Module, device: torch.device) -> Sampler:
    """A trained network as a sampler."""

    def sample(rows: Mapping[str, Floats]) -> Floats:
        with torch.inference_mode():
            drawn: Tensor = generator(*(torch.from_numpy(rows[name]).to(device) for name in INPUTS if name in rows))
        return drawn.float().cpu().numpy()

    return sample


def samplers(objective: Objective) -> dict[str, Sampler]:
    """An objective's finished networks by direction; a generator's is ""."""
    device = objective.fabric.device
    if isinstance(objective, Generative):
        return {"": module_sampler(objective.finished_generator(), device)}
    assert isinstance(objective, Translation)
    return {direction: module_sampler(objective.finished(direction), device) for direction in objective.directions}


def seed_rows(config: GenerativeConfig, n_classes: int, count: int, first: int = 0) -> dict[str, Floats]:
    """What a generator is fed for the seeds first ... first + count - 1, as the service feeds it.

    A seed without a class draws its class too.

    Args:
        config: whose latents are drawn.
        n_classes: 0 where the model has none.
        count: how many.
        first: the first seed.
    """
    z_dim, distribution, seeds = config.generator.z_dim, config.latent_distribution, range(first, first + count)
    rows = {"latents": np.stack([latents.draw(seed, z_dim, distribution) for seed in seeds])}
    if n_classes:
        rows["classes"] = np.eye(n_classes, dtype=np.float32)[[latents.draw_class(seed, n_classes) for seed in seeds]]
    return rows


def generate_images(sampler: Sampler, rows: Mapping[str, Floats]) -> Floats:
    """The images of some rows, (N, C, H, W) float32 in [-1, 1]."""
    count = len(rows["latents"])
    parts = ({name: array[i : i + _BATCH] for name, array in rows.items()} for i in range(0, count, _BATCH))
    return np.concatenate([sampler(part) for part in parts])


def grid(sampler: Sampler, rows: Mapping[str, Floats], columns: int = 8) -> Pixels:
    """The images of some latents as one, (H, W, C) uint8."""
    return image_grid(to_uint8(sampler(rows)), columns)


def save_png(pixels: Pixels, path: Path) -> None:
    """Writes one image, (H, W, C) uint8."""
    path.write_bytes(codecs.encode(pixels, "png"))
