"""The U-Net of Pix2pix.

References:
    P. Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, section 3.2.1 and
    appendix 6.1.1.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import UnetGenerator
from training.networks.init import init_normal
from training.networks.upsampling import Up

_LEAK = 0.2
_DROPPED = 3


class Generator(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> the same; H and W are multiples of 2^depth.

    Skip connections join each encoder layer to its mirror in the decoder. The paper runs BatchNorm at batch size 1, at
    test time too, with the statistics of the one image. That is affine instance normalisation, and is implemented as
    such, so that it behaves the same at every batch size.
    """

    def __init__(self, config: UnetGenerator) -> None:
        super().__init__()
        widths = [min(2**layer, 8) * config.ngf for layer in range(config.depth)]
        self.dropout = config.dropout
        downs = (3, *widths)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1, bias=False) for a, b in pairwise(downs))
        # No norm on the first layer, nor on the innermost: it would set a 1 x 1 map to a constant.
        self.down_norms = nn.ModuleList(
            nn.InstanceNorm2d(width, affine=True) if 0 < layer < config.depth - 1 else nn.Identity()
            for layer, width in enumerate(widths)
        )
        ups = (*widths[-2::-1], 3)  # each layer but the innermost also reads the maps of its mirror layer
        self.ups = nn.ModuleList(
            Up(before if layer == 0 else 2 * before, after, 4, smooth=config.smooth, bias=after == 3)
            for layer, (before, after) in enumerate(zip((widths[-1], *ups[:-1]), ups, strict=True))
        )
        self.up_norms = nn.ModuleList(nn.InstanceNorm2d(width, affine=True) for width in ups[:-1])
        init_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> the same."""
        x, skips = images, []
        for layer, (conv, norm) in enumerate(zip(self.downs, self.down_norms, strict=True)):
            x = norm(conv(x if layer == 0 else F.leaky_relu(x, _LEAK)))
            skips.append(x)
        x = skips.pop()
        for layer, (conv, norm) in enumerate(zip(self.ups[:-1], self.up_norms, strict=True)):
            x = norm(conv(torch.relu(x)))
            if layer < _DROPPED:
                x = F.dropout(x, self.dropout, self.training)
            x = torch.cat((x, skips.pop()), dim=1)
        return torch.tanh(self.ups[-1](torch.relu(x)))
