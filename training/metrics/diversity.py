"""How far samples lie from each other: a collapse within a class, which no share of classes shows."""

import torch
from torch import Tensor

from training.metrics import nearest


def mean_distance(points: Tensor, max_distances: int = nearest.MAX_DISTANCES) -> float:
    """Mean Euclidean distance of all pairs.

    Args:
        points: (N, D) float, N at least 2. Memory stays near 64 MiB beside two copies of the argument.
        max_distances: distances that are held at once.

    Raises:
        ValueError: there are fewer than two points.
    """
    if len(points) < 2:
        raise ValueError("a distance needs two points")
    # Distances of float32 points cancel: a collapse far from the origin would not come out as 0.
    centred = points - points.mean(0)
    total = sum(
        float(torch.cdist(part, centred).sum(dtype=torch.float64))
        for part in nearest.chunks(centred, len(points), max_distances)
    )
    return total / (len(points) * (len(points) - 1))
