"""Samples of a network with the real images that they are compared with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class SampleBatch:
    """Samples of finished networks, and the images that they are compared with.

    Attributes:
        samples: (N, C, H, W) in [-1, 1].
        real: (M, C, H, W) in [-1, 1], images of the target distribution.
        pairs: (N, C, H, W) in [-1, 1], images that the samples should resemble one by one; None for a generator.
        classes: (N,) class of each sample, as a classifier reads it; None if there is none.
        n_classes: number of classes.
    """

    samples: Floats
    real: Floats
    pairs: Floats | None = None
    classes: NDArray[np.int64] | None = None
    n_classes: int = 0
