"""The classes that an independent classifier reads in samples, and its confidence. Detects a collapse of classes.

References:
    Z. Lin et al., "PacGAN", NeurIPS 2018: the number of modes and the divergence of their shares, on stacked MNIST.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ClassReading:
    """Statistics of a classifier's outputs.

    Attributes:
        shares: (n_classes,) share of the samples in each class.
        rarest_share: the smallest share.
        confidence: mean probability of the likeliest class.
        modes: number of classes with at least one sample.
        kl_to_uniform: KL(shares || equal shares) in nats, 0 ... log(n_classes).
    """

    shares: NDArray[np.float64]
    rarest_share: float
    confidence: float
    modes: int
    kl_to_uniform: float


def read(probabilities: NDArray[np.float32]) -> ClassReading:
    """Computes the statistics of (N, n_classes) probabilities."""
    n_classes = probabilities.shape[1]
    shares = np.bincount(probabilities.argmax(axis=1), minlength=n_classes) / len(probabilities)
    seen = shares[shares > 0]  # x log x is 0 at 0
    return ClassReading(
        shares,
        rarest_share=float(shares.min()),
        confidence=float(probabilities.max(axis=1).mean(dtype=np.float64)),
        modes=len(seen),
        kl_to_uniform=max(float((seen * np.log(seen * n_classes)).sum()), 0.0),
    )


def agreement(probabilities: NDArray[np.float32], asked: NDArray[np.int64]) -> float:
    """The share of (N, n_classes) probabilities whose likeliest class is the requested one, (N,)."""
    return float((probabilities.argmax(axis=1) == asked).mean())
