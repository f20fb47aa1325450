"""Coverage by nearest neighbours.

References:
    M. Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020, Equation 6.
"""

import torch
from torch import Tensor

K = 5


def coverage(real: Tensor, fake: Tensor) -> float:
    """Share of the real points whose K-nearest-neighbour ball holds a fake point.

    Args:
        real: (N, D) features.
        fake: (M, D) features.

    Returns:
        0 ... 1; about 0.94 for real against real of the same size.
    """
    # A point's first neighbour is itself.
    radii = torch.cdist(real, real).topk(K + 1, largest=False).values[:, -1]
    return float((torch.cdist(real, fake).amin(dim=1) < radii).double().mean())
