"""The mean distance between samples: detects a collapse within a class, which class shares do not show."""

import torch
from torch import Tensor

from training.metrics import nearest


def mean_distance(points: Tensor, max_distances: int = nearest.MAX_DISTANCES) -> float:
    """Mean Euclidean distance of all pairs.

    Args:
        points: (N, D) float, N at least 2. Needs about 64 MiB besides two copies of the points.
        max_distances: maximum number of distances in memory.

    Raises:
        ValueError: there are fewer than two points.
    """
    if len(points) < 2:
        raise ValueError("a distance needs two points")
    # float32 distances suffer cancellation: a collapse far from the origin would not give 0.
    centred = points - points.mean(0)
    total = sum(
        float(torch.cdist(part, centred).sum(dtype=torch.float64))
        for part in nearest.chunks(centred, len(points), max_distances)
    )
    return total / (len(points) * (len(points) - 1))
