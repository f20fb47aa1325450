"""U-Net generators of pytorch-CycleGAN-and-pix2pix: `unet_128` and `unet_256`.

References:
    P. Isola et al. (2017), Image-to-image translation with conditional adversarial networks.
"""

import torch
from torch import Tensor, nn

from training.packaging.foreign.architectures import normalization
from training.packaging.foreign.architectures.architecture import Architecture, Options, State, load
from training.packaging.foreign.architectures.normalization import Kind


class SkipBlock(nn.Module):
    """One level: halves, passes through the next level, doubles, and joins its input.

    Args:
        outer: channels of its input, and of what it adds to it.
        inner: channels between its halving and its doubling.
        below: the next level; None for the innermost.
        output: channels of the network's output, for the outermost level; None for the others.
        shown: channels of the network's input, for the outermost level.
    """

    def __init__(
        self,
        outer: int,
        inner: int,
        norm: Kind,
        has_bias: bool,
        below: "SkipBlock | None" = None,
        output: int | None = None,
        shown: int | None = None,
    ) -> None:
        super().__init__()
        self.is_outermost = output is not None
        down = nn.Conv2d(outer if shown is None else shown, inner, 4, 2, 1, bias=has_bias)
        width = inner if below is None else 2 * inner
        up_bias = has_bias or self.is_outermost
        up = nn.ConvTranspose2d(width, outer if output is None else output, 4, 2, 1, bias=up_bias)
        if below is None:
            layers = [nn.LeakyReLU(0.2), down, nn.ReLU(), up, normalization.layer(norm, outer)]
        elif self.is_outermost:
            layers = [down, below, nn.ReLU(), up, nn.Tanh()]
        else:
            layers = [nn.LeakyReLU(0.2), down, normalization.layer(norm, inner), below]
            layers += [nn.ReLU(), up, normalization.layer(norm, outer)]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 2 C, H, W), or to the network's output."""
        made: Tensor = self.model(x)
        return made if self.is_outermost else torch.cat((x, made), 1)


class UnetGenerator(nn.Module):
    """Levels of k, 2k, 4k, 8k, 8k ... channels.

    Args:
        channels: of the input and of the output.
        depth: how often the sides are halved; both are multiples of 2^depth.
    """

    def __init__(self, channels: tuple[int, int], width: int, depth: int, norm: Kind, has_bias: bool) -> None:
        super().__init__()
        block = SkipBlock(8 * width, 8 * width, norm, has_bias)
        for _ in range(depth - 5):
            block = SkipBlock(8 * width, 8 * width, norm, has_bias, block)
        for outer in (4 * width, 2 * width, width):
            block = SkipBlock(outer, 2 * outer, norm, has_bias, block)
        self.model = SkipBlock(channels[1], width, norm, has_bias, block, output=channels[1], shown=channels[0])

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to the same; H and W are multiples of 2^depth."""
        translated: Tensor = self.model(images)
        return translated


def recognise(state: State, options: Options) -> Architecture | None:
    """A U-Net with the weights of a state dict, or None if it is something else."""
    first, last = state.get("model.model.0.weight"), state.get("model.model.3.weight")
    if first is None or last is None or first.ndim != 4 or last.ndim != 4:
        return None
    inner = "model.model.1.model"
    depth = 2
    while f"{inner}.3.model.1.weight" in state:
        inner, depth = f"{inner}.3.model", depth + 1
    norm = normalization.kind_of(state, "model.model.1.model.2", "model.model.0", options.normalization)
    if depth < 5:
        return None
    channels = (first.shape[1], last.shape[1])
    module = UnetGenerator(channels, first.shape[0], depth, norm, "model.model.0.bias" in state)
    if not load(module, state, normalization.ignored(norm)):
        return None
    name = f"unet_{2**depth}, {norm} normalization"
    return Architecture(name, module, "translate", (-1.0, 1.0), *channels, method="pix2pix")
