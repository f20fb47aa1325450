"""The generator of AnimeGANv2's PyTorch port.

References:
    J. Chen et al. (2020), AnimeGAN: a novel lightweight GAN for photo animation; the port is animegan2-pytorch.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from training.packaging.foreign.architectures.architecture import Architecture, Options, State, load

_WIDTH = 32  # the port has one size only


def _conv(
    given: int, made: int, kernel: int = 3, stride: int = 1, groups: int = 1, bias: bool = False
) -> nn.Sequential:
    """Reflection padding, a convolution, normalization over all channels, LeakyReLU."""
    margin = (0, 1, 0, 1) if stride == 2 else (kernel // 2,) * 4
    return nn.Sequential(
        nn.ReflectionPad2d(margin),
        nn.Conv2d(given, made, kernel, stride, groups=groups, bias=bias),
        nn.GroupNorm(1, made),
        nn.LeakyReLU(0.2),
    )


class InvertedBlock(nn.Module):
    """Widens, filters each channel by itself, narrows; a skip connection if the widths agree."""

    def __init__(self, given: int, made: int) -> None:
        super().__init__()
        wide = 2 * given
        self.layers = nn.Sequential(
            _conv(given, wide, kernel=1),
            _conv(wide, wide, groups=wide, bias=True),
            nn.Conv2d(wide, made, 1, bias=False),
            nn.GroupNorm(1, made),
        )
        self.has_skip = given == made

    def forward(self, x: Tensor) -> Tensor:
        """(N, given, H, W) to (N, made, H, W)."""
        made: Tensor = self.layers(x)
        return x + made if self.has_skip else made


class AnimeGenerator(nn.Module):
    """Two halvings, inverted residual blocks, and two bilinear enlargements to the sizes before."""

    def __init__(self) -> None:
        super().__init__()
        k = _WIDTH
        self.block_a = nn.Sequential(_conv(3, k, 7), _conv(k, 2 * k, stride=2), _conv(2 * k, 2 * k))
        self.block_b = nn.Sequential(_conv(2 * k, 4 * k, stride=2), _conv(4 * k, 4 * k))
        inner = [InvertedBlock(4 * k, 8 * k), *(InvertedBlock(8 * k, 8 * k) for _ in range(3))]
        self.block_c = nn.Sequential(_conv(4 * k, 4 * k), *inner, _conv(8 * k, 4 * k))
        self.block_d = nn.Sequential(_conv(4 * k, 4 * k), _conv(4 * k, 4 * k))
        self.block_e = nn.Sequential(_conv(4 * k, 2 * k), _conv(2 * k, 2 * k), _conv(2 * k, k, 7))
        self.out_layer = nn.Sequential(nn.Conv2d(k, 3, 1, bias=False), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] to the same shape and range."""
        half = self.block_a(images)
        x = self.block_c(self.block_b(half))
        x = self.block_d(F.interpolate(x, half.shape[-2:], mode="bilinear", align_corners=True))
        x = self.block_e(F.interpolate(x, images.shape[-2:], mode="bilinear", align_corners=True))
        drawn: Tensor = self.out_layer(x)
        return drawn


def recognise(state: State, options: Options) -> Architecture | None:
    """The generator with the weights of a state dict, or None if it is something else."""
    del options
    if "block_a.0.1.weight" not in state or "out_layer.0.weight" not in state:
        return None
    module = AnimeGenerator()
    if not load(module, state):
        return None
    return Architecture("AnimeGANv2 generator", module, "translate", (-1.0, 1.0), 3, 3)
