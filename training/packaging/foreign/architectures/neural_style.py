"""The transformer network of pytorch/examples' fast_neural_style; images of 0 to 255 in and out.

References:
    J. Johnson et al. (2016), Perceptual losses for real-time style transfer and super-resolution.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from training.packaging.foreign.architectures.architecture import Architecture, Options, State, load
from training.packaging.foreign.architectures.normalization import RUNNING


class PaddedConv(nn.Module):
    """A convolution behind reflection padding, and behind nearest-neighbour enlargement if asked for.

    Args:
        scale: factor of the enlargement.
    """

    def __init__(self, given: int, made: int, kernel: int, stride: int = 1, scale: int = 1) -> None:
        super().__init__()
        self.scale, self.margin = scale, kernel // 2
        self.conv2d = nn.Conv2d(given, made, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, given, H, W) to (N, made, scale * H / stride, scale * W / stride)."""
        if self.scale > 1:
            x = F.interpolate(x, scale_factor=self.scale, mode="nearest")
        filtered: Tensor = self.conv2d(F.pad(x, [self.margin] * 4, "reflect"))
        return filtered


class StyleBlock(nn.Module):
    """Two convolutions with instance normalization beside a skip connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.in1 = PaddedConv(width, width, 3), nn.InstanceNorm2d(width, affine=True)
        self.conv2, self.in2 = PaddedConv(width, width, 3), nn.InstanceNorm2d(width, affine=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        residual: Tensor = self.in2(self.conv2(F.relu(self.in1(self.conv1(x)))))
        return x + residual


class TransformerNet(nn.Module):
    """Three convolutions down, five residual blocks, three up; nothing bounds its output."""

    def __init__(self, channels: tuple[int, int], width: int) -> None:
        super().__init__()
        self.conv1, self.in1 = PaddedConv(channels[0], width, 9), nn.InstanceNorm2d(width, affine=True)
        self.conv2, self.in2 = PaddedConv(width, 2 * width, 3, 2), nn.InstanceNorm2d(2 * width, affine=True)
        self.conv3, self.in3 = PaddedConv(2 * width, 4 * width, 3, 2), nn.InstanceNorm2d(4 * width, affine=True)
        for index in range(1, 6):
            setattr(self, f"res{index}", StyleBlock(4 * width))
        self.deconv1, self.in4 = PaddedConv(4 * width, 2 * width, 3, scale=2), nn.InstanceNorm2d(2 * width, affine=True)
        self.deconv2, self.in5 = PaddedConv(2 * width, width, 3, scale=2), nn.InstanceNorm2d(width, affine=True)
        self.deconv3 = PaddedConv(width, channels[1], 9)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in 0 ... 255 to the same; H and W are multiples of 4."""
        x = images
        for index in (1, 2, 3):
            x = F.relu(getattr(self, f"in{index}")(getattr(self, f"conv{index}")(x)))
        for index in range(1, 6):
            x = getattr(self, f"res{index}")(x)
        for index in (1, 2):
            x = F.relu(getattr(self, f"in{index + 3}")(getattr(self, f"deconv{index}")(x)))
        styled: Tensor = self.deconv3(x)
        return styled


def recognise(state: State, options: Options) -> Architecture | None:
    """A transformer network with the weights of a state dict, or None if it is something else."""
    del options
    first, last = state.get("conv1.conv2d.weight"), state.get("deconv3.conv2d.weight")
    if first is None or last is None:
        return None
    channels = (first.shape[1], last.shape[0])
    module = TransformerNet(channels, first.shape[0])
    # Files of torch before 0.4 hold running statistics that instance normalization never used.
    if not load(module, state, RUNNING):
        return None
    return Architecture("fast_neural_style of pytorch/examples", module, "translate", (0.0, 255.0), *channels)
