"""What a judge reads in the pictures of latents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.classifier import Judge
from training.data import PUBLISHED
from training.evaluate import Floats, Sampler

_ROWS = 250


@dataclass(frozen=True)
class Reader:
    """A generator, and a judge of what it draws."""

    sampler: Sampler
    judge: Judge

    @property
    def names(self) -> tuple[str, ...]:
        """What it tells: attributes, or classes."""
        return self.judge.attributes or PUBLISHED[self.judge.dataset].classes or ()

    def read(self, latents: Floats, shown: bool = False) -> NDArray[np.bool_]:
        """(N, z_dim) -> (N, names): whether each picture has each attribute. A bar shows how far it is, if wanted."""
        starts = tqdm(range(0, len(latents), _ROWS), unit_scale=_ROWS, unit="img", disable=not shown)
        parts = (self.sampler({"latents": latents[start : start + _ROWS]}) for start in starts)
        return np.concatenate([self.judge.probabilities(part) > 0.5 for part in parts])


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
        latents: (N, z_dim); those whose pictures have the attribute already are left out.
        move: (z_dim,) that is added.
        attribute: what the step should bring.
        named: the attributes of all named directions.
    """
    column = reader.names.index(attribute)
    before = reader.read(latents)
    lacking = ~before[:, column]
    after = reader.read(latents[lacking] + move)
    changed = (after != before[lacking]).mean(axis=0)
    others = [index for index, name in enumerate(reader.names) if name != attribute]
    beside = [index for index in others if reader.names[index] in named]
    return Effect(float(after[:, column].mean()), _mean(changed, beside), _mean(changed, others))


def _mean(values: NDArray[np.float64], chosen: list[int]) -> float:
    return float(values[chosen].mean()) if chosen else 0.0
