"""Objectives: each owns its networks, optimisers and maths behind one `step(batch)`."""

import torch

from training.config import DcganConfig, GanConfig, GenerativeConfig, TrainingConfig, WganConfig, WganGpConfig
from training.data import PUBLISHED, ImageSet
from training.objectives.gan import Gan
from training.objectives.generative import Generative
from training.objectives.objective import Fabric, Objective
from training.objectives.wgan import Wgan, WganGp


def build(config: TrainingConfig, data: ImageSet, fabric: Fabric) -> Generative:
    """The objective of a configuration, on the fabric's device.

    Args:
        config: any method's configuration.
        data: the training images; their shape sizes the networks.
        fabric: device, precision and processes.
    """
    if isinstance(config, GanConfig | DcganConfig):
        return Gan(config, data, fabric)
    if isinstance(config, WganConfig):
        return Wgan(config, data, fabric)
    assert isinstance(config, WganGpConfig)
    return WganGp(config, data, fabric)


def parameter_counts(config: TrainingConfig, image_shape: tuple[int, int, int]) -> dict[str, int]:
    """Trained numbers of each network, for pictures of a shape (C, H, W)."""
    labels = torch.arange(len(PUBLISHED[config.dataset].classes or ("",)))
    blank = ImageSet(torch.zeros((config.batch_size, *image_shape), dtype=torch.uint8), labels)
    networks = build(config, blank, Fabric(accelerator="cpu")).networks
    return {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}


__all__ = ["Gan", "Generative", "GenerativeConfig", "Objective", "Wgan", "WganGp", "build", "parameter_counts"]
