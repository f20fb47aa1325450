"""Frechet distance between two sets of features, as if each were a Gaussian: with Inception's features, the FID.

Our features come from a classifier that the project trains. So the numbers are comparable with each other, but not with
published FIDs. This module is independent of the features' origin.

References:
    D. Dowson and B. Landau, "The Frechet distance between multivariate normal distributions", 1982.
    M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule ...", NeurIPS 2017, Equation 6.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Statistics:
    """A Gaussian.

    Attributes:
        mean: (D,) float64.
        cov: (D, D) float64, unbiased.
    """

    mean: Tensor
    cov: Tensor

    @classmethod
    def of(cls, features: Tensor) -> "Statistics":
        """Fits a Gaussian to features.

        Args:
            features: (N, D), N at least 2. The distance is biased upwards for small N: compare only at equal N.

        Raises:
            ValueError: there are too few features, or some are not finite.
        """
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"features must be (N, D) with N at least 2, but have shape {tuple(features.shape)}")
        if not features.isfinite().all():
            raise ValueError("some features are not finite: has the generator diverged?")
        points = features.double()
        return cls(points.mean(0), torch.cov(points.T).reshape(points.shape[1], points.shape[1]))


def distance(a: Statistics, b: Statistics) -> float:
    """|mean_a - mean_b|^2 + Tr(cov_a + cov_b - 2 (cov_a cov_b)^(1/2)).

    Returns:
        0 or more; 0 for equal Gaussians.
    """
    return max(float((a.mean - b.mean).square().sum() + a.cov.trace() + b.cov.trace()) - 2.0 * _trace_root(a, b), 0.0)


def _trace_root(a: Statistics, b: Statistics) -> float:
    # cov_a cov_b has the eigenvalues of the symmetric root_a cov_b root_a, which is safe with singular covariances
    # (ReLU features that never fire) where the product's own eigenvalues can be complex or negative.
    values, vectors = torch.linalg.eigh(a.cov)
    root = vectors * values.clamp_min(0.0).sqrt() @ vectors.T
    return float(torch.linalg.eigvalsh(root @ b.cov @ root).clamp_min(0.0).sqrt().sum())
