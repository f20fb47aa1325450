"""A penalty on noise from pixel to pixel that real images do not have.

A discriminator alone is pleased by chroma noise that no painting has. Where translations are as noisy as real images,
the penalty and its gradient are 0.
"""

import torch.nn.functional as F
from torch import Tensor

from training.metrics import noise

_CHROMA = 1.1
_LUMA = (0.8, 1.2)  # its lower bound is against blur


def excess(real: Tensor, fake: Tensor) -> Tensor:
    """How far a batch's mean noise is outside of what its real images allow, a scalar in float32.

    Args:
        real: (N, 3, H, W) in [-1, 1], of the target domain.
        fake: (M, 3, H, W) in [-1, 1], translations into it.
    """
    theirs, ours = noise.laplacian(real.float()), noise.laplacian(fake.float())
    luma, allowed = ours.luma.mean(), theirs.luma.mean()
    chroma = F.relu(ours.chroma.mean() - _CHROMA * theirs.chroma.mean())
    return chroma + F.relu(luma - _LUMA[1] * allowed) + F.relu(_LUMA[0] * allowed - luma)
