"""ResNet generators of pytorch-CycleGAN-and-pix2pix, and of CUT with its anti-aliased resampling.

References:
    J.-Y. Zhu et al. (2017), Unpaired image-to-image translation using cycle-consistent adversarial networks.
    T. Park et al. (2020), Contrastive learning for unpaired image-to-image translation.
    R. Zhang (2019), Making convolutional networks shift-invariant again.
"""

import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.packaging.foreign.architectures import normalization
from training.packaging.foreign.architectures.architecture import Architecture, Options, State, load
from training.packaging.foreign.architectures.normalization import Kind

_BLOCK = re.compile(r"model\.(\d+)\.conv_block\.(\d+)\.weight\Z")


def _binomial(taps: tuple[float, ...], channels: int, gain: float) -> Tensor:
    """(channels, 1, K, K) float32: a separable low-pass filter for each channel."""
    row = torch.tensor(taps)
    kernel = row[:, None] * row[None, :]
    return (gain * kernel / kernel.sum()).repeat(channels, 1, 1, 1)


class BlurDown(nn.Module):
    """Halves both sides behind a 3 x 3 binomial filter."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", _binomial((1.0, 2.0, 1.0), channels, 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, ceil(H / 2), ceil(W / 2))."""
        return F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), self.filt, stride=2, groups=x.shape[1])


class BlurUp(nn.Module):
    """Doubles both sides through a 4 x 4 binomial filter."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", _binomial((1.0, 3.0, 3.0, 1.0), channels, 4.0))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, 2 H, 2 W)."""
        padded = F.pad(x, (1, 1, 1, 1), "replicate")
        enlarged = F.conv_transpose2d(padded, self.filt, stride=2, padding=2, groups=x.shape[1])
        return enlarged[:, :, 1:-1, 1:-1]


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions beside a skip connection.

    Args:
        norm: kind of normalization.
        dropout: whether a dropout layer shifts the second convolution's index; it does nothing after training.
        padded: whether reflection padding is a layer of its own; else the convolutions pad with zeros.
    """

    def __init__(self, channels: int, norm: Kind, has_bias: bool, dropout: bool, padded: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for is_second in (False, True):
            layers += [nn.ReflectionPad2d(1)] if padded else []
            layers += [
                nn.Conv2d(channels, channels, 3, padding=0 if padded else 1, bias=has_bias),
                normalization.layer(norm, channels),
            ]
            if not is_second:
                layers += [nn.ReLU(), *([nn.Dropout(0.5)] if dropout else [])]
        self.conv_block = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        residual: Tensor = self.conv_block(x)
        return x + residual


class ResnetGenerator(nn.Module):
    """c7s1-k, two halvings, residual blocks, two doublings, c7s1-3, tanh.

    Args:
        blurs: whether it halves and doubles through low-pass filters, as in CUT: (down, up).
    """

    def __init__(
        self,
        channels: tuple[int, int],
        width: int,
        blocks: int,
        norm: Kind,
        has_bias: bool,
        dropout: bool = False,
        padded: bool = True,
        blurs: tuple[bool, bool] = (False, False),
    ) -> None:
        super().__init__()

        def normed(count: int) -> list[nn.Module]:
            return [normalization.layer(norm, count), nn.ReLU()]

        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(channels[0], width, 7, bias=has_bias)]
        layers += normed(width)
        for count in (2 * width, 4 * width):
            stride = 1 if blurs[0] else 2
            layers += [nn.Conv2d(count // 2, count, 3, stride, padding=1, bias=has_bias), *normed(count)]
            layers += [BlurDown(count)] if blurs[0] else []
        layers += [ResidualBlock(4 * width, norm, has_bias, dropout, padded) for _ in range(blocks)]
        for count in (2 * width, width):
            if blurs[1]:
                layers += [BlurUp(2 * count), nn.Conv2d(2 * count, count, 3, padding=1, bias=has_bias)]
            else:
                layers += [nn.ConvTranspose2d(2 * count, count, 3, 2, 1, output_padding=1, bias=has_bias)]
            layers += normed(count)
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, channels[1], 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to the same; H and W are multiples of 4."""
        translated: Tensor = self.model(images)
        return translated


def recognise(state: State, options: Options) -> Architecture | None:
    """A ResNet generator with the weights of a state dict, or None if it is something else."""
    first = state.get("model.1.weight")
    found = [(int(match[1]), int(match[2])) for key in state if (match := _BLOCK.match(key)) and state[key].ndim == 4]
    if first is None or first.ndim != 4 or first.shape[2] != 7 or not found:
        return None
    blocks = sorted({block for block, _ in found})
    convolutions = sorted({layer for block, layer in found if block == blocks[0]})
    last = max((int(key.split(".")[1]) for key in state if re.fullmatch(r"model\.\d+\.weight", key)), default=0)
    sizes = {value.shape[-1] for key, value in state.items() if key.endswith(".filt")}
    norm = normalization.kind_of(state, "model.2", "model.1", options.normalization)
    has_bias = "model.1.bias" in state
    padded = convolutions[0] == 1
    module = ResnetGenerator(
        (first.shape[1], state[f"model.{last}.weight"].shape[0]),
        first.shape[0],
        len(blocks),
        norm,
        has_bias,
        dropout=convolutions[-1] - convolutions[0] == (5 if padded else 4),
        padded=padded,
        blurs=(3 in sizes, 4 in sizes),
    )
    if not load(module, state, normalization.ignored(norm)):
        return None
    kind = f"resnet_{len(blocks)}blocks"
    resampling = ", anti-aliased" if sizes else ""
    return Architecture(
        f"{kind}, {norm} normalization{resampling}",
        module,
        "translate",
        (-1.0, 1.0),
        first.shape[1],
        module.model[-2].out_channels,  # type: ignore[arg-type]  # a convolution, see above
        method="other" if sizes else "cyclegan",
    )
