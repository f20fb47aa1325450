"""A penalty on pixel-level noise that real images do not have.

A discriminator alone accepts chroma noise that no painting has. If translations are as noisy as real images, the
penalty and its gradient are 0.
"""

import torch.nn.functional as F
from torch import Tensor

from training.metrics import noise

_CHROMA = 1.1
_LUMA = (0.8, 1.2)  # the lower bound prevents blur


def excess(real: Tensor, fake: Tensor) -> Tensor:
    """How far the mean noise of translations lies outside the range around the real images' noise, a float32 scalar.

    Args:
        real: (N, 3, H, W) in [-1, 1], of the target domain.
        fake: (M, 3, H, W) in [-1, 1], translations into it.
    """
    theirs, ours = noise.laplacian(real.float()), noise.laplacian(fake.float())
    luma, allowed = ours.luma.mean(), theirs.luma.mean()
    chroma = F.relu(ours.chroma.mean() - _CHROMA * theirs.chroma.mean())
    return chroma + F.relu(luma - _LUMA[1] * allowed) + F.relu(_LUMA[0] * allowed - luma)
