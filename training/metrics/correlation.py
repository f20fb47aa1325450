"""Does a WGAN critic's estimate of the distance fall as samples improve? Rank correlation over a run's snapshots.

References:
    M. Arjovsky et al., "Wasserstein GAN", ICML 2017, Figure 3: the estimate, median-filtered, against what is seen.
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
        low: lower end.
        high: upper end.
        confidence: that the interval is meant to have.
        count: pairs.
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
        tries += 1  # early steps fell together
    return tuple(int(step) for step in steps)


def wasserstein_estimate(real_scores: Tensor, fake_scores: Tensor) -> float:
    """E f(real) - E f(fake), without any penalty; (N,) or (N, 1) scores of fresh images."""
    return float(real_scores.double().mean() - fake_scores.double().mean())


def running_median(values: Sequence[float], window: int = WINDOW) -> list[float]:
    """The median of each value and its neighbours; at the ends, of those that there are."""
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
    """Spearman's rho of two series, and how sure it is.

    Args:
        x: one series.
        y: the other, as long.
        block: neighbours that are resampled together; 1 takes pairs as independent.
        resamples: of the bootstrap.
        confidence: of the interval.
        seed: of the bootstrap.

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
        distances: of the same snapshots, less is better (FID).
        seed: of the bootstrap, which draws blocks as long as the median's window, for that made neighbours depend on
            each other.

    Returns:
        Near 1 where the estimate tells how good samples are.

    Raises:
        ValueError: as `spearman`.
    """
    return spearman(running_median(estimates), distances, block=WINDOW, seed=seed)


def _resampled(count: int, block: int, resamples: int, seed: int) -> Tensor:
    """(count, resamples) indices: blocks from random places, the series closed to a ring."""
    generator = torch.Generator().manual_seed(seed)
    starts = torch.randint(count, (-(-count // block), 1, resamples), generator=generator)
    return (starts + torch.arange(block)[:, None]).flatten(0, 1)[:count] % count
