"""Precision, recall, density and coverage by nearest neighbours.

References:
    T. Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019,
    Equations 1 and 2.
    M. Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020, Equations 5 and 6; and
    its code, for balls without their surface.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.metrics import nearest

K = 5


@dataclass(frozen=True)
class Neighbourhoods:
    """How well two sets of points overlap. A point's ball extends to its K-th neighbour in its own set.

    Attributes:
        precision: share of the fake points inside some real point's ball.
        recall: share of the real points inside some fake point's ball.
        density: mean number of real balls that a fake point lies in, over K; 1 for equal distributions, can be
            larger.
        coverage: share of the real points whose ball holds a fake point; 1 - 2^-K for equal distributions.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def measure(real: Tensor, fake: Tensor, k: int = K, max_distances: int = nearest.MAX_DISTANCES) -> Neighbourhoods:
    """All four in one pass over the distances.

    Args:
        real: (N, D) features, N more than k.
        fake: (M, D) features, M more than k. Needs about 200 MiB besides the arguments.
        k: the neighbour whose distance is a ball's radius.
        max_distances: maximum number of distances in memory.

    Raises:
        ValueError: there are too few points.
    """
    real_radii, fake_radii = _radii(real, k, max_distances), _radii(fake, k, max_distances)
    covered = torch.zeros(len(real), dtype=torch.bool, device=real.device)
    recalled, counts = covered.clone(), []
    parts = (nearest.chunks(rows, len(real), max_distances) for rows in (fake, fake_radii))
    for part, radii in zip(*parts, strict=True):
        distances = torch.cdist(part, real)
        inside = distances < real_radii
        counts.append(inside.sum(1))
        covered |= inside.any(0)
        recalled |= (distances < radii[:, None]).any(0)
    held = torch.cat(counts).double()
    return Neighbourhoods(_share(held > 0), _share(recalled), float(held.mean()) / k, _share(covered))


def coverage(real: Tensor, fake: Tensor, k: int = K) -> float:
    """Share of the real points whose ball holds a fake point.

    Args:
        real: (N, D) features, N more than k.
        fake: (M, D) features.
        k: the neighbour whose distance is a ball's radius.

    Returns:
        0 ... 1; about 1 - 2^-k for real against real of the same size.

    Raises:
        ValueError: there are too few points.
    """
    return _share(nearest.find(real, fake).distances[:, 0] < _radii(real, k))


def _radii(points: Tensor, k: int, max_distances: int = nearest.MAX_DISTANCES) -> Tensor:
    # A point's first neighbour is itself.
    return nearest.find(points, points, k + 1, max_distances).distances[:, -1]


def _share(chosen: Tensor) -> float:
    return float(chosen.double().mean())
