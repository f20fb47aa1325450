"""The pictures by which a run is watched: always of the same latents, or of the same inputs."""

import numpy as np
import torch
from torch import nn

from service import images
from training.config import GenerativeConfig, TrainingConfig
from training.data import ImageSet, PairSet
from training.evaluate.sampling import Floats, grid, module_sampler, seed_rows
from training.objectives import Generative, Objective, Translation

_SEEDS = 64
_INPUTS = 6  # pictures of each domain that a translator's grid shows


def snapshot(objective: Objective, config: TrainingConfig, shown: ImageSet | PairSet) -> images.Pixels:
    """What the finished networks give now.

    Args:
        objective: in training.
        config: of the run.
        shown: pictures that a translator is given; those that a generator learns from do not matter.

    Returns:
        (H, W, C) uint8: 64 samples of the seeds 0 ... 63; or a row for each picture, with what the translator makes
        of it, and beside that the truth (Pix2pix) or the way back (CycleGAN).
    """
    if isinstance(objective, Generative):
        assert isinstance(config, GenerativeConfig)
        sampler = module_sampler(objective.finished_generator(), objective.fabric.device)
        return grid(sampler, seed_rows(config, objective.n_classes, _SEEDS))
    assert isinstance(objective, Translation)
    assert isinstance(shown, PairSet)
    return _translations(objective, shown)


def _translations(objective: Translation, shown: PairSet) -> images.Pixels:
    finished = {direction: objective.finished(direction) for direction in objective.directions}
    columns, multiple = [], objective.multiple
    for direction, network in finished.items():
        source, target = ((shown.A, shown.B)[domain] for domain in objective.domains(direction))
        given = _some(source, multiple)
        made = _apply(network, given)
        # Where there is a way back, the last column is the cycle's end; else the pairs are aligned: the truth.
        back = next((other for name, other in finished.items() if name != direction), None)
        columns.append(np.stack([given, made, _some(target, multiple) if back is None else _apply(back, made)], axis=1))
    rows = np.concatenate(columns, axis=1)  # (inputs, 3 or 6, 3, H, W)
    return images.grid(images.to_uint8(rows.reshape(-1, *rows.shape[2:])), rows.shape[1])


def _some(domain: ImageSet, multiple: int) -> Floats:
    """(inputs, 3, H, W) float32: the first pictures, cut at the right and at the bottom to the multiple."""
    batch = domain.batch(torch.arange(min(_INPUTS, len(domain)))).images
    height, width = (side // multiple * multiple for side in batch.shape[2:])
    return batch[:, :, :height, :width].cpu().numpy()


def _apply(network: nn.Module, given: Floats) -> Floats:
    device = next(network.parameters()).device
    return module_sampler(network, device)({"images": np.ascontiguousarray(given)})
