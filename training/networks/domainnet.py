"""Small texture classifiers that assign an image to one of two domains. They measure translations."""

import torch
from torch import Tensor, nn

_STAGES = 4
_DROPOUT = 0.3


class DomainNet(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> (N, 2) logits, of A and of B; sides of at least 16 px.

    The mean of several networks, which are trained separately and err on different images.
    """

    def __init__(self, width: int = 16, members: int = 2) -> None:
        super().__init__()
        self.members = nn.ModuleList(TextureNet(width) for _ in range(members))

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> (N, 2) logits."""
        return torch.stack([member(images) for member in self.members]).mean(0)


class TextureNet(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> (N, 2) logits.

    Features are averaged over all positions, so that the network classifies texture rather than layout, at any size.
    The first layer has full resolution, which shows brush strokes and stripes. In evaluation mode an image and its
    mirror image give the same logits.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for stage in range(_STAGES):
            after = (stage + 1) * width
            layers += _layer(before, after, stride=2 if stage else 1)
            if stage:
                layers += _layer(after, after, stride=1)
            before = after
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout = nn.Dropout(_DROPOUT)
        self.head = nn.Linear(before, 2)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> (N, 2) logits."""
        features = self.body(images)
        if not self.training:
            features = (features + self.body(images.flip(3))) / 2.0  # the head is linear
        out: Tensor = self.head(self.dropout(features))
        return out


def _layer(before: int, after: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
