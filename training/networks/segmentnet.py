"""A small U-Net that classifies each pixel of a photo. It measures translations.

References:
    O. Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015; here
    with BatchNorm, and with nearest-neighbour upsampling instead of transposed convolutions.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_DEPTH = 4
_DROPOUT = 0.2


class SegmentNet(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> (N, n_labels, H, W) logits; H and W are multiples of 16."""

    def __init__(self, n_labels: int, width: int = 16) -> None:
        super().__init__()
        widths = [width * (level + 1) for level in range(_DEPTH + 1)]
        self.first = _block(3, widths[0])
        self.downs = nn.ModuleList(_block(a, b) for a, b in pairwise(widths))
        self.ups = nn.ModuleList(_block(a + b, a) for a, b in reversed(list(pairwise(widths))))
        self.dropout = nn.Dropout2d(_DROPOUT)
        self.head = nn.Conv2d(widths[0], n_labels, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> (N, n_labels, H, W) logits."""
        maps = [self.first(images)]
        for down in self.downs:
            maps.append(down(F.max_pool2d(maps[-1], 2)))
        x = maps.pop()
        for up in self.ups:
            x = up(torch.cat((F.interpolate(x, scale_factor=2.0), maps.pop()), dim=1))
        out: Tensor = self.head(self.dropout(x))
        return out


def _block(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in ((before, after), (after, after)):
        layers += [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
    return nn.Sequential(*layers)
