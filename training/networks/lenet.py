"""A small convolutional classifier for 28 px images, which measures samples.

References:
    Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998; here with ReLU, BatchNorm
    and max-pooling.
"""

from torch import Tensor, nn


class LeNet(nn.Module):
    """(N, 1, 28, 28) in [-1, 1] -> (N, 10) logits."""

    def __init__(self, n_classes: int = 10, width: int = 32, n_features: int = 84) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 5, bias=False),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(2 * width * 25, n_features),
            nn.ReLU(),
        )
        self.head = nn.Linear(n_features, n_classes)

    def features(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) in [-1, 1] -> (N, n_features), the input of the last layer."""
        out: Tensor = self.body(images)
        return out

    def forward(self, images: Tensor) -> Tensor:
        """(N, 1, 28, 28) in [-1, 1] -> (N, 10) logits."""
        out: Tensor = self.head(self.features(images))
        return out
