"""Nearest neighbours among many points: the 1-nearest-neighbour error, and which training images samples resemble.

References:
    A. Radford et al., "Unsupervised Representation Learning with Deep Convolutional GANs", ICLR 2016, Table 3: samples
    as the training set of a 1-nearest-neighbour classifier, tested on real test images.
    N. Carlini et al., "Extracting Training Data from Diffusion Models", USENIX Security 2023, Equation 1: a copy is
    nearer to its original than its next 50 neighbours are, on average.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

MAX_DISTANCES = 2**24
"""Maximum number of distances in memory: 64 MiB of float32."""


@dataclass(frozen=True)
class Nearest:
    """The nearest points of each query, nearest first.

    Attributes:
        distances: (M, k) Euclidean.
        indices: (M, k) int64.
    """

    distances: Tensor
    indices: Tensor


@dataclass(frozen=True)
class Error:
    """Share of test points that are misclassified.

    Attributes:
        standard_error: sqrt(value (1 - value) / points).
    """

    value: float
    standard_error: float


def find(queries: Tensor, points: Tensor, k: int = 1, max_distances: int = MAX_DISTANCES) -> Nearest:
    """The k nearest points of each query; a query that is one of the points finds itself.

    Args:
        queries: (M, D) float.
        points: (N, D) float, N at least k. Needs about 64 MiB besides the arguments, for any M and N.
        k: neighbours per query.
        max_distances: maximum number of distances in memory.

    Raises:
        ValueError: the shapes do not match.
    """
    _check(queries, points, k)
    squares = points.square().sum(1)
    parts = []
    for rows in chunks(queries, max(len(points), k * points.shape[1]), max_distances):
        # |q - p|^2 without |q|^2, which preserves the order; cancellation makes it inexact; distances are recomputed.
        order = torch.addmm(squares, rows, points.T, alpha=-2.0).topk(k, largest=False).indices
        distances, again = (rows[:, None] - points[order]).norm(dim=2).sort(dim=1)
        parts.append((distances, order.gather(1, again)))
    return Nearest(torch.cat([d for d, _ in parts]), torch.cat([i for _, i in parts]))


def error(references: Iterable[tuple[Tensor, Tensor]], points: Tensor, labels: Tensor) -> Error:
    """How often a test point's nearest reference has another label.

    Args:
        references: pairs of (N, D) float points and (N,) int64 labels, one pair or many. They are read once and not
            stored, so ten million samples can be generated on demand.
        points: (M, D) float, real test images.
        labels: (M,) int64.

    Raises:
        ValueError: there are no references, or the shapes do not fit.
    """
    best, read = torch.full((len(points),), torch.inf, device=points.device), torch.full_like(labels, -1)
    for others, other_labels in references:
        found = find(points, others)
        closer = found.distances[:, 0] < best
        best = torch.where(closer, found.distances[:, 0], best)
        read = torch.where(closer, other_labels[found.indices[:, 0]], read)
    if best.isinf().any():
        raise ValueError("a nearest neighbour needs references, and finite points")
    value = float((read != labels).double().mean())
    return Error(value, (value * (1.0 - value) / len(labels)) ** 0.5)


def memorised_share(samples: Nearest, held: Nearest, quantile: float = 0.01) -> float:
    """Share of samples that lie much nearer to one training image than to the next ones.

    A distance alone is not sufficient: plain images are near to everything, and noise or blur moves a copy away.

    Args:
        samples: `find` of samples among training images, with k of 2 or more; 50 in Carlini et al.
        held: the same for held-out real images.
        quantile: quantile of the ratio for `held` below which a sample counts as a copy; new real images score this.

    Returns:
        0 ... 1.
    """
    limit = _isolation(held).quantile(quantile)
    return float((_isolation(samples) < limit).double().mean())


def _isolation(found: Nearest) -> Tensor:
    """(M,) distance of the nearest point over the mean distance of the others; 0 for a copy."""
    distances = found.distances.double()
    return distances[:, 0] / distances[:, 1:].mean(1).clamp_min(1e-12)


def chunks(points: Tensor, width: int, max_distances: int = MAX_DISTANCES) -> Iterator[Tensor]:
    """Splits (N, D) points into parts with at most `max_distances` numbers when each point has `width` of them."""
    yield from points.split(max(max_distances // width, 1))


def _check(queries: Tensor, points: Tensor, k: int) -> None:
    if queries.ndim != 2 or points.ndim != 2 or queries.shape[1] != points.shape[1]:
        raise ValueError(f"points must be (N, D) of one D, but are {tuple(queries.shape)} and {tuple(points.shape)}")
    if len(points) < k:
        raise ValueError(f"{k} neighbours were asked for, but there are {len(points)} points only")
