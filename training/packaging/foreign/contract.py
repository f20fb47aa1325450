"""Brings a torch network to the contract of packages: NCHW, RGB, float32 in [-1, 1].

All of it happens inside the exported graph, so that the service needs to know nothing about an origin's habits.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Layout = Literal["nchw", "nhwc"]
Channels = Literal["rgb", "bgr"]

RANGES: dict[str, tuple[float, float]] = {
    "-1,1": (-1.0, 1.0),
    "minus-one-one": (-1.0, 1.0),
    "0,1": (0.0, 1.0),
    "unit": (0.0, 1.0),
    "0,255": (0.0, 255.0),
    "byte": (0.0, 255.0),
}
"""Values of black and white, by the words that `--range` takes."""

LUMA = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as Pillow turns RGB into grey."""


@dataclass(frozen=True)
class Convention:
    """How a network's images are laid out.

    Attributes:
        value_range: values of black and white.
        layout: order of the axes.
        channels: order of colours.
    """

    value_range: tuple[float, float] = (-1.0, 1.0)
    layout: Layout = "nchw"
    channels: Channels = "rgb"


class Normalized(nn.Module):
    """A network between the contract and its own convention.

    Args:
        module: the network.
        convention: of its images.
        channels_in: of its input images, 1 or 3; 0 if it reads latents.
        channels_out: of its output images, 1 or 3; 0 if it gives logits.
        as_rgb: whether grey output is repeated to three channels, as a translator's has to be.
    """

    luma: Tensor

    def __init__(
        self, module: nn.Module, convention: Convention, channels_in: int, channels_out: int, as_rgb: bool
    ) -> None:
        super().__init__()
        self.module, self.convention = module, convention
        self.channels_in, self.channels_out, self.as_rgb = channels_in, channels_out, as_rgb
        self.register_buffer("luma", torch.tensor(LUMA)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [-1, 1], or latents (N, z_dim), to images of the contract or to logits (N, 1)."""
        made: Tensor = self.module(self._given(x) if self.channels_in else x)
        return self._images(made) if self.channels_out else made

    def _given(self, x: Tensor) -> Tensor:
        low, high = self.convention.value_range
        if self.channels_in == 1 and x.shape[1] == 3:
            x = (x * self.luma).sum(1, keepdim=True)
        elif self.channels_in == 3 and self.convention.channels == "bgr":
            x = x.flip(1)
        if (low, high) != (-1.0, 1.0):
            x = (x + 1.0) * ((high - low) / 2.0) + low
        return x.permute(0, 2, 3, 1) if self.convention.layout == "nhwc" else x

    def _images(self, made: Tensor) -> Tensor:
        low, high = self.convention.value_range
        if self.convention.layout == "nhwc":
            made = made.permute(0, 3, 1, 2)
        if (low, high) != (-1.0, 1.0):
            made = (made - low) * (2.0 / (high - low)) - 1.0
        made = made.clamp(-1.0, 1.0)
        if self.channels_out == 3 and self.convention.channels == "bgr":
            made = made.flip(1)
        return made.expand(-1, 3, -1, -1) if self.channels_out == 1 and self.as_rgb else made


class _OwnStatistics(nn.Module):
    """BatchNorm in training mode for a batch of one: each image is normalised by its own mean and variance."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm2d(norm.num_features, norm.eps, affine=norm.affine)
        if norm.affine:
            self.norm.load_state_dict({"weight": norm.weight, "bias": norm.bias})
        self.norm.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        normed: Tensor = self.norm(x)
        return normed


def has_batch_norm(module: nn.Module) -> bool:
    """Whether the network has a BatchNorm2d, whose statistics can be an image's own or the training's."""
    return any(isinstance(part, nn.BatchNorm2d) for part in module.modules())


def with_batch_statistics(module: nn.Module) -> nn.Module:
    """The network with each image normalised by its own statistics, in place.

    pix2pix's test script runs so: at batch size 1, BatchNorm in training mode is instance normalization (P. Isola et
    al., 2017, section 3.3). A batch of three then gives what three single runs give.
    """
    for name, part in list(module.named_children()):
        if isinstance(part, nn.BatchNorm2d):
            setattr(module, name, _OwnStatistics(part))
        else:
            with_batch_statistics(part)
    return module
