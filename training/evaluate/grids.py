"""The sample grids by which a run is monitored: always from the same latents or inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from service.imaging.pixels import Pixels, grid, to_uint8
from training.classifiers import Classifier
from training.config import GenerativeConfig, TrainingConfig
from training.data import ImageSet, PairSet
from training.evaluate.samples import SampleBatch
from training.evaluate.sampling import Floats, Sampler, seed_rows
from training.objectives import Generative, Objective, Translation

_SEEDS = 64
_ROWS = 6  # images of each domain that a translator's grid shows
_INPUTS = 12  # images of each domain that the alarms read
_REAL = 256


@dataclass(frozen=True)
class SampleGrid:
    """Output of finished networks.

    Attributes:
        pixels: (H, W, C) uint8: 64 samples of the seeds 0 ... 63; or one row per image with the input, its translation,
            and the target (Pix2pix) or the reconstruction (CycleGAN).
        batches: the samples that the alarms read, by direction; "" for a generator.
    """

    pixels: Pixels
    batches: dict[str, SampleBatch]


def sample_grid(
    objective: Objective,
    samplers: Mapping[str, Sampler],
    config: TrainingConfig,
    shown: ImageSet | PairSet,
    classifier: Classifier | None = None,
) -> SampleGrid:
    """Generates, or translates, the images by which a run is monitored.

    Args:
        objective: the objective in training.
        samplers: its finished networks, by direction.
        config: the run's configuration.
        shown: real images; a translator gets the first ones.
        classifier: classifies the samples; None if there is none.
    """
    if isinstance(objective, Generative):
        assert isinstance(config, GenerativeConfig)
        assert isinstance(shown, ImageSet)
        samples = samplers[""](seed_rows(config, objective.n_classes, _SEEDS))
        return SampleGrid(grid(to_uint8(samples), 8), {"": _with_classes(samples, shown, classifier)})
    assert isinstance(objective, Translation)
    assert isinstance(shown, PairSet)
    return _translations(objective, samplers, shown)


def centre(images: Floats, height: int, width: int) -> Floats:
    """Centre-crops (N, C, H, W) images, contiguous."""
    top, left = (images.shape[2] - height) // 2, (images.shape[3] - width) // 2
    return np.ascontiguousarray(images[:, :, top : top + height, left : left + width])


def spread_out(images_of: ImageSet, count: int) -> Floats:
    """Up to `count` images, (N, C, H, W) float32 in [-1, 1], evenly spaced, since a set may be sorted."""
    chosen = torch.linspace(0, len(images_of) - 1, min(count, len(images_of))).long()
    return images_of.batch(chosen).images.float().cpu().numpy()


def _with_classes(samples: Floats, shown: ImageSet, classifier: Classifier | None) -> SampleBatch:
    real = centre(spread_out(shown, _REAL), *samples.shape[2:])
    if classifier is None or not classifier.reads_classes or not np.isfinite(samples).all():
        return SampleBatch(samples, real)
    read = classifier.probabilities(samples)
    return SampleBatch(samples, real, classes=read.argmax(axis=1), n_classes=read.shape[1])


def _translations(objective: Translation, samplers: Mapping[str, Sampler], shown: PairSet) -> SampleGrid:
    columns, batches, multiple = [], {}, objective.multiple
    count = min(_ROWS, len(shown.A), len(shown.B))  # both directions' columns are side by side
    for direction, sampler in samplers.items():
        source, target = ((shown.A, shown.B)[domain] for domain in objective.domains(direction))
        given, wanted = _some(source, multiple), _some(target, multiple)
        made = sampler({"images": given})
        # The last column is the reconstruction if there is a translator back, else the aligned target.
        back = next((other for name, other in samplers.items() if name != direction), None)
        last = wanted[:count] if back is None else back({"images": np.ascontiguousarray(made[:count])})
        columns.append(np.stack([given[:count], made[:count], last], axis=1))
        batches[direction] = SampleBatch(made, wanted, pairs=wanted if back is None else given)
    rows = np.concatenate(columns, axis=1)  # (inputs, 3 or 6, 3, H, W)
    return SampleGrid(grid(to_uint8(rows.reshape(-1, *rows.shape[2:])), rows.shape[1]), batches)


def _some(domain: ImageSet, multiple: int) -> Floats:
    """(inputs, 3, H, W) float32: the first images, cropped at the right and bottom to the multiple."""
    batch = domain.batch(torch.arange(min(_INPUTS, len(domain)))).images
    height, width = (side // multiple * multiple for side in batch.shape[2:])
    return np.ascontiguousarray(batch[:, :, :height, :width].float().cpu().numpy())
