"""A translator that computes at an eighth of the resolution and passes detail through skip connections.

Most convolutions are plain 3 x 3 at an eighth of the resolution, where they cost least per weight. Layers at full
resolution have few channels. Convolutions use replicate padding, upsampling is bilinear, and there is no
normalisation. So a flat input gives a flat output, and a tile gives the same result as in the whole image.

References:
    O. Ronneberger et al., "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015: the skips.
    A. Odena et al., "Deconvolution and Checkerboard Artifacts", Distill 2016: resize, then convolve.
    H. Zhang et al., "Fixup Initialization: Residual Learning Without Normalization", ICLR 2019, section 3: the last
    convolution of a residual branch starts at 0.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import PyramidGenerator

_PALER = 0.98  # white and black have no finite atanh
_LAST_STD = 0.02


class Generator(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> the same; H and W are multiples of 8, at least 8."""

    def __init__(self, config: PyramidGenerator) -> None:
        super().__init__()
        half, quarter, eighth = config.widths
        self.down2, self.down4, self.down8 = _Down(3, half), _Down(half, quarter), _Down(quarter, eighth)
        self.blocks = nn.Sequential(*(_Block(eighth) for _ in range(config.blocks)))
        self.up8, self.up4, self.up2 = _same(eighth, quarter), _same(quarter, half), _same(half, config.full)
        self.last = _same(config.full + 3, 3)
        self.apply(_init)
        for block in self.blocks:
            assert isinstance(block, _Block)
            nn.init.zeros_(block.second.weight)
        nn.init.normal_(self.last.weight, 0.0, _LAST_STD)  # so that training starts near the input's coarse colours

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> the same."""
        half = self.down2(images)
        quarter = self.down4(half)
        x = self.blocks(self.down8(quarter))
        x = _enlarged(F.relu(self.up8(x))) + quarter
        x = _enlarged(F.relu(self.up4(x))) + half
        x = _enlarged(F.relu(self.up2(x)))
        detail = self.last(torch.cat((x, images), 1))
        return torch.tanh(detail + _coarse(images))


class _Down(nn.Module):
    """Halves the side: a 4 x 4 convolution with stride 2, and ReLU. (N, before, H, W) -> (N, after, H / 2, W / 2)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 4, 2, 1, padding_mode="replicate")

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x))


class _Block(nn.Module):
    """x + F(x), with two convolutions of 3 x 3 and no activation after the sum; (N, C, H, W) -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _same(width, width), _same(width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(F.relu(self.first(x)))
        return out


def _same(before: int, after: int) -> nn.Conv2d:
    return nn.Conv2d(before, after, 3, 1, 1, padding_mode="replicate")


def _enlarged(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2 H, 2 W)."""
    return F.interpolate(x, scale_factor=2, mode="bilinear")


def _coarse(images: Tensor) -> Tensor:
    """The atanh of the input's colours, slightly paler and blurred; (N, 3, H, W) -> the same shape.

    Means over 8 x 8 px every 4 px, upsampled. atanh is computed before upsampling, on a sixteenth of the values.
    """
    means = F.avg_pool2d(images, 8, 4, 2, count_include_pad=False)
    return F.interpolate(torch.atanh(_PALER * means), scale_factor=4, mode="bilinear")


@torch.no_grad()
def _init(module: nn.Module) -> None:
    """He et al. (2015), Equation 10; biases 0."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        assert module.bias is not None
        nn.init.zeros_(module.bias)
