"""What a classifier reads in the images of latents."""

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
_LOGIT_EPS = 1e-6  # of a threshold that no face, or each of them, is above


def as_often(classifier: Classifier, faces: ImageSet, table: Attributes, side_px: int) -> Floats:
    """For each attribute the probability above which the classifier reads it in real faces as often as they have it.

    One half lies between the faces with and those without, however rare the attribute is, so that a classifier sees one
    tie too many in most men for each that is there. Where changed readings are counted, those would be most of the
    count.

    Args:
        classifier: of attributes.
        faces: real ones.
        table: what they show, in their order.
        side_px: of the middle of a face that is read.

    Returns:
        (A,) float32.

    Raises:
        DataError: the table lacks an attribute that the classifier reads.
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
    """A generator, and a classifier of what it draws.

    Attributes:
        sampler: the generator.
        classifier: reads what it draws.
        thresholds: see `as_often`; one half of a classifier of classes.
    """

    sampler: Sampler
    classifier: Classifier
    thresholds: Floats | float = 0.5

    @property
    def names(self) -> tuple[str, ...]:
        """What it tells: attributes, or classes."""
        return self.classifier.attributes or PUBLISHED[self.classifier.dataset].classes or ()

    def read(self, latents: Floats, shown: bool = False) -> NDArray[np.bool_]:
        """(N, z_dim) -> (N, names): whether each image has each attribute. A bar shows how far it is, if wanted."""
        starts = tqdm(range(0, len(latents), _ROWS), unit_scale=_ROWS, unit="img", disable=not shown)
        parts = (self.sampler({"latents": latents[start : start + _ROWS]}) for start in starts)
        return np.concatenate([self.classifier.probabilities(part) > self.thresholds for part in parts])

    def margins(self, images: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, A) logits, above 0 where an attribute is read; differentiable; attributes only."""
        logits: Tensor = self.classifier.network(images)
        return logits - torch.as_tensor(self.thresholds).logit(_LOGIT_EPS)


@dataclass(frozen=True)
class Effect:
    """What a step along a direction does to the samples that lack its attribute.

    Attributes:
        flipped: share that has the attribute then.
        named: share of the readings of the other named attributes that change.
        others: the same of all other attributes.
    """

    flipped: float
    named: float
    others: float


def effect(reader: Reader, latents: Floats, move: Floats, attribute: str, named: tuple[str, ...]) -> Effect:
    """Compares the same samples before and after a step.

    Args:
        reader: which reports.
        latents: (N, z_dim); those whose images have the attribute already are left out.
        move: (z_dim,) that is added.
        attribute: what the step should bring.
        named: the attributes of all named directions.

    Raises:
        NoDirectionError: none lacks it.
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
    """Which samples lack an attribute, (N,), of their readings (N, A).

    Raises:
        NoDirectionError: none does.
    """
    if read[:, column].all():
        raise NoDirectionError(f"each of {len(read):,} samples has it already")
    return ~read[:, column]


def _mean(values: NDArray[np.float64], chosen: list[int]) -> float:
    return float(values[chosen].mean()) if chosen else 0.0
