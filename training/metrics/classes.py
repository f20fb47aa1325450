"""What an independent classifier sees in samples: which classes, and how surely. Finds a collapse by class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassReading:
    """What a classifier read.

    Attributes:
        shares: (n_classes,) share of the samples that fall to each class.
        rarest_share: the smallest of them.
        confidence: mean probability of the likeliest class.
    """

    shares: NDArray[np.float64]
    rarest_share: float
    confidence: float


def read(probabilities: NDArray[np.float32]) -> ClassReading:
    """Reads (N, n_classes) probabilities."""
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    shares = counts / len(probabilities)
    return ClassReading(shares, float(shares.min()), float(probabilities.max(axis=1).mean(dtype=np.float64)))
