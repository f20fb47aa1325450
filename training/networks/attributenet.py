"""A small convolutional classifier of attributes for images of 64 px, which measures generated faces.

References:
    K. Simonyan and A. Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015: 3 x
    3 layers whose number of maps doubles as the side halves; here with BatchNorm and a narrower head.
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

SIDE_PX = 64
_DROPOUT = 0.3


class AttributeNet(nn.Module):
    """(N, 3, 64, 64) in [-1, 1] -> (N, n_attributes) independent logits. Other sizes are scaled."""

    def __init__(self, n_attributes: int, width: int = 24, n_features: int = 96) -> None:
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 5 * width)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
        side = SIDE_PX >> (len(widths) - 1)
        # No global pooling: faces are aligned, so the position of an activation carries information.
        flat = nn.Linear(widths[-1] * side * side, n_features)
        self.body = nn.Sequential(*layers, nn.Flatten(), flat, nn.ReLU())
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(n_features, n_attributes)

    def features(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1], scaled to 64 px -> (N, n_features), the input of the last layer."""
        if images.shape[2:] != (SIDE_PX, SIDE_PX):
            images = F.interpolate(images, (SIDE_PX, SIDE_PX), mode="bilinear", antialias=True)
        out: Tensor = self.body(images)
        return out

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> (N, n_attributes) logits."""
        out: Tensor = self.head(self.dropout(self.features(images)))
        return out
