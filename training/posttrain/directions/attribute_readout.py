"""Attributes that a classifier predicts for the samples of latents."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from training.classifiers import Classifier
from training.data import PUBLISHED, Attributes, ImageSet
from training.evaluate import Floats, Sampler, centre
from training.posttrain.directions.boundary import NoDirectionError

_ROWS = 250
_LOGIT_EPS = 1e-6  # limits the logit of a threshold of 0 or 1


def as_often(classifier: Classifier, faces: ImageSet, table: Attributes, side_px: int) -> Floats:
    """Chooses thresholds at which the classifier predicts each attribute as often as real faces have it.

    At a threshold of 0.5 the predicted frequency of a rare attribute is far from its true frequency. False positives
    would then dominate the count of changed predictions.

    Args:
        classifier: an attribute classifier.
        faces: real faces.
        table: attributes of `faces`, in the same order.
        side_px: side of the center crop that the classifier reads, in pixels.

    Returns:
        (A,) float32.

    Raises:
        DataError: the table lacks an attribute of the classifier.
    """
    parts = (faces.batch(part).images.cpu().numpy() for part in torch.arange(len(faces)).split(_ROWS))
    read = np.concatenate([classifier.probabilities(centre(part, side_px, side_px)) for part in parts])
    have = np.array([int(table.column(name).sum()) for name in classifier.attributes])
    falling = np.pad(np.sort(read, axis=0)[::-1], ((1, 1), (0, 0)), constant_values=(1.0, 0.0))
    columns = np.arange(read.shape[1])
    thresholds: Floats = (falling[have, columns] + falling[have + 1, columns]) / np.float32(2.0)
    return thresholds


@dataclass(frozen=True)
class Reader:
    """A generator and a classifier of its samples.

    Attributes:
        sampler: the generator.
        classifier: predicts attributes or classes of the samples.
        thresholds: (A,) probabilities of `as_often`; 0.5 for a class classifier.
    """

    sampler: Sampler
    classifier: Classifier
    thresholds: Floats | float = 0.5

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes or classes that the classifier predicts."""
        return self.classifier.attributes or PUBLISHED[self.classifier.dataset].classes or ()

    def read(self, latents: Floats, shown: bool = False) -> NDArray[np.bool_]:
        """Predicts attributes: (N, z_dim) -> (N, names) bool. `shown` enables a progress bar."""
        starts = tqdm(range(0, len(latents), _ROWS), unit_scale=_ROWS, unit="img", disable=not shown)
        parts = (self.sampler({"latents": latents[start : start + _ROWS]}) for start in starts)
        return np.concatenate([self.classifier.probabilities(part) > self.thresholds for part in parts])

    def margins(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, A) logits, above 0 if an attribute is predicted. Differentiable; attributes only."""
        logits: Tensor = self.classifier.network(images)
        return logits - torch.as_tensor(self.thresholds).logit(_LOGIT_EPS)


@dataclass(frozen=True)
class Effect:
    """The effect of a step along a direction on the samples without its attribute.

    Attributes:
        flipped: share of samples that gain the attribute, 0 ... 1.
        named: share of changed predictions of the other named attributes.
        others: share of changed predictions of all other attributes.
    """

    flipped: float
    named: float
    others: float


def effect(reader: Reader, latents: Floats, move: Floats, attribute: str, named: tuple[str, ...]) -> Effect:
    """Compares the same samples before and after a step.

    Args:
        reader: the reporting classifier.
        latents: (N, z_dim) float32; those whose samples already have the attribute are ignored.
        move: the step, (z_dim,) float32.
        attribute: the attribute that the step should add.
        named: the attributes of all named directions.

    Raises:
        NoDirectionError: every sample has the attribute.
    """
    column = reader.names.index(attribute)
    before = reader.read(latents)
    lacking = without(before, column)
    after = reader.read(latents[lacking] + move)
    changed = (after != before[lacking]).mean(axis=0)
    others = [index for index, name in enumerate(reader.names) if name != attribute]
    beside = [index for index in others if reader.names[index] in named]
    return Effect(float(after[:, column].mean()), _mean(changed, beside), _mean(changed, others))


def without(read: NDArray[np.bool_], column: int) -> NDArray[np.bool_]:
    """Selects the samples without an attribute: predictions (N, A) -> (N,) bool.

    Raises:
        NoDirectionError: every sample has the attribute.
    """
    if read[:, column].all():
        raise NoDirectionError(f"each of {len(read):,} samples has it already")
    return ~read[:, column]


def _mean(values: NDArray[np.float64], chosen: list[int]) -> float:
    return float(values[chosen].mean()) if chosen else 0.0
