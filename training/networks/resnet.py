"""The residual generator of CycleGAN.

References:
    J.-Y. Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks", ICCV 2017,
    section 4 and appendix 7.2: c7s1-64, d128, d256, 6 or 9 x R256, u128, u64, c7s1-3.
    J. Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import ResnetGenerator
from training.networks.init import init_normal
from training.networks.upsampling import Up, without_half_rate

_PALER = 0.98


class Generator(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> the same; H and W are multiples of 4."""

    def __init__(self, config: ResnetGenerator) -> None:
        super().__init__()
        ngf = config.ngf
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(3),
            *_normed(nn.Conv2d(3, ngf, 7)),
            *_normed(nn.Conv2d(ngf, 2 * ngf, 3, 2, 1)),
            *_normed(nn.Conv2d(2 * ngf, 4 * ngf, 3, 2, 1)),
            *(_Block(4 * ngf) for _ in range(config.blocks)),
            *_normed(Up(4 * ngf, 2 * ngf, 3, smooth=config.smooth)),
            *_normed(Up(2 * ngf, ngf, 3, smooth=config.smooth)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(ngf, 3, 7),
        )
        self._smooth, self._residual = config.smooth, config.residual
        init_normal(self)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> the same."""
        drawn: Tensor = self.layers(images)
        if self._smooth:  # layers after the last transposed convolution can restore a checkerboard
            drawn = without_half_rate(drawn)
        if self._residual:  # before tanh, slightly paler: white and black have no finite atanh
            drawn = drawn + torch.atanh(_PALER * _coarse(images))
        return torch.tanh(drawn)


class _Block(nn.Module):
    """x + F(x), with two convolutions of 3 x 3 and no activation after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_normed(nn.Conv2d(width, width, 3)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.layers(x)
        return out


def _normed(conv: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, ...]:
    return conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU(inplace=True)


def _coarse(images: Tensor) -> Tensor:
    """(N, 3, H, W) -> the same shape: means over 8 x 8 px every 4 px, upsampled bilinearly."""
    means = F.avg_pool2d(images, 8, 4, 2, count_include_pad=False)
    return F.interpolate(means, scale_factor=4, mode="bilinear")
