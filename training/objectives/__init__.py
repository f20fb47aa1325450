"""Objectives: each owns its networks, optimisers and maths behind one `step(batch)`."""

import torch

from training.config import GanConfig, TrainingConfig
from training.data import ImageSet
from training.objectives.gan import Gan
from training.objectives.objective import Fabric, Objective


def build(config: TrainingConfig, data: ImageSet, fabric: Fabric) -> Objective:
    """The objective of a configuration, on the fabric's device.

    Args:
        config: any method's configuration.
        data: the training images; their shape sizes the networks.
        fabric: device, precision and processes.
    """
    assert isinstance(config, GanConfig)
    return Gan(config, data, fabric)


def parameter_counts(config: TrainingConfig, image_shape: tuple[int, int, int]) -> dict[str, int]:
    """Trained numbers of each network, for pictures of a shape (C, H, W)."""
    empty = ImageSet(torch.zeros((config.batch_size, *image_shape), dtype=torch.uint8), torch.zeros(0))
    networks = build(config, empty, Fabric(accelerator="cpu")).networks
    return {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}


__all__ = ["Gan", "Objective", "build", "parameter_counts"]
