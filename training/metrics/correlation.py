"""Rank correlation of a WGAN critic's distance estimate with sample quality, over a run's snapshots.

References:
    M. Arjovsky et al., "Wasserstein GAN", ICML 2017, Figure 3: the median-filtered estimate against samples.
    H. Kunsch, "The jackknife and the bootstrap for general stationary observations", 1989: blocks of neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.regression import spearman_corrcoef

WINDOW = 5


@dataclass(frozen=True)
class Correlation:
    """Spearman's rho and its bootstrap interval (percentiles).

    Attributes:
        rho: -1 ... 1.
        low: lower end of the interval.
        high: upper end of the interval.
        confidence: nominal coverage of the interval.
        count: number of pairs.
    """

    rho: float
    low: float
    high: float
    confidence: float
    count: int


def log_spaced_steps(first: int, last: int, count: int = 24) -> tuple[int, ...]:
    """At least `count` different steps from `first` to `last`, evenly spaced on a logarithmic scale.

    Raises:
        ValueError: there are not that many steps.
    """
    if not 0 < first <= last or last - first + 1 < count:
        raise ValueError(f"there are no {count} different steps from {first} to {last}")
    tries = count
    while len(steps := np.unique(np.geomspace(first, last, tries).round().astype(int))) < count:
        tries += 1  # rounding merged early steps
    return tuple(int(step) for step in steps)


def wasserstein_estimate(real_scores: Tensor, fake_scores: Tensor) -> float:
    """E f(real) - E f(fake), without any penalty; (N,) or (N, 1) scores of fresh images."""
    return float(real_scores.double().mean() - fake_scores.double().mean())


def running_median(values: Sequence[float], window: int = WINDOW) -> list[float]:
    """The median of each value and its neighbours; at the ends, of fewer neighbours."""
    reach = window // 2
    return [float(np.median(values[max(i - reach, 0) : i + reach + 1])) for i in range(len(values))]


def spearman(
    x: Sequence[float],
    y: Sequence[float],
    *,
    block: int = 1,
    resamples: int = 2_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Correlation:
    """Spearman's rho of two series, with a bootstrap interval.

    Args:
        x: one series.
        y: the other series, of the same length.
        block: number of neighbours that are resampled together; 1 treats pairs as independent.
        resamples: number of bootstrap resamples.
        confidence: nominal coverage of the interval.
        seed: seed of the bootstrap.

    Raises:
        ValueError: the series differ in length, are shorter than 3 or than a block, or are not finite.
    """
    pairs = torch.tensor([list(x), list(y)], dtype=torch.float64) if len(x) == len(y) else torch.empty(2, 0)
    count = pairs.shape[1]
    if count < max(block, 3) or not pairs.isfinite().all():
        raise ValueError(f"a rank correlation needs two finite series of one length, at least {max(block, 3)}")
    chosen = _resampled(count, block, resamples, seed)
    rhos = spearman_corrcoef(pairs[0][chosen], pairs[1][chosen]).double()
    low, high = (float(rhos.quantile((1.0 + side * confidence) / 2.0)) for side in (-1.0, 1.0))
    return Correlation(float(spearman_corrcoef(pairs[0], pairs[1])), low, high, confidence, count)


def agreement(estimates: Sequence[float], distances: Sequence[float], seed: int = 0) -> Correlation:
    """The protocol for a critic: median of 5 neighbouring estimates against an independent distance.

    Args:
        estimates: `wasserstein_estimate` of each snapshot, in order.
        distances: distances of the same snapshots, lower is better (such as FID).
        seed: seed of the bootstrap. Its blocks are as long as the median's window, which makes neighbours dependent.

    Returns:
        The correlation; near 1 if the estimate predicts sample quality.

    Raises:
        ValueError: as `spearman`.
    """
    return spearman(running_median(estimates), distances, block=WINDOW, seed=seed)


def _resampled(count: int, block: int, resamples: int, seed: int) -> Tensor:
    """(count, resamples) indices: blocks from random positions of the series, which wraps around."""
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randint(count, (-(-count // block), 1, resamples), generator=generator)
    return (starts + torch.arange(block)[:, None]).flatten(0, 1)[:count] % count
