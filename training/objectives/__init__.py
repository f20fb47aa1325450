"""Objectives: each owns its networks, optimisers and losses behind one `step(batch)`."""

import torch

from training.config import (
    CycleganConfig,
    DcganConfig,
    GanConfig,
    GenerativeConfig,
    Pix2pixConfig,
    TrainingConfig,
    TranslationConfig,
    WganConfig,
    WganGpConfig,
)
from training.data import PUBLISHED, ImageSet, PairSet
from training.objectives.cyclegan import Cyclegan
from training.objectives.gan import Gan
from training.objectives.generative import Generative
from training.objectives.objective import Fabric, Objective
from training.objectives.pix2pix import Pix2pix
from training.objectives.translation import Translation
from training.objectives.wgan import Wgan, WganGp


def build(config: TrainingConfig, data: ImageSet | PairSet, fabric: Fabric) -> Objective:
    """Builds the objective of a configuration on the fabric's device.

    Args:
        config: the configuration of any method.
        data: the training images; their shape determines the networks'.
        fabric: device, precision and processes.
    """
    if isinstance(data, PairSet):
        if isinstance(config, Pix2pixConfig):
            return Pix2pix(config, data, fabric)
        assert isinstance(config, CycleganConfig)
        return Cyclegan(config, data, fabric)
    if isinstance(config, GanConfig | DcganConfig):
        return Gan(config, data, fabric)
    if isinstance(config, WganConfig):
        return Wgan(config, data, fabric)
    assert isinstance(config, WganGpConfig)
    return WganGp(config, data, fabric)


def parameter_counts(config: TrainingConfig) -> dict[str, int]:
    """The number of trained parameters per network."""
    networks = build(config, _blank(config), Fabric(accelerator="cpu")).networks
    return {name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()}


def _blank(config: TrainingConfig) -> ImageSet | PairSet:
    """Black images of the configured shape, with every class."""
    classes = PUBLISHED[config.dataset].classes or ("",)
    side = config.images.crop_px if config.images else IDX_SIDE_PX
    count = max(len(classes), config.batch_size)
    shape = (3 if config.images else 1, side, side)
    blank = ImageSet(torch.zeros((count, *shape), dtype=torch.uint8), torch.arange(count) % len(classes))
    return PairSet(blank, blank) if isinstance(config, TranslationConfig) else blank


IDX_SIDE_PX = 28
"""Side of the images of the published IDX sets."""

__all__ = ["Generative", "GenerativeConfig", "Objective", "Translation", "build", "parameter_counts"]
