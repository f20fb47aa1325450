"""Normalization layers as the image-translation projects use them, and how their keys are told apart."""

from typing import Literal

from torch import nn

from training.packaging.foreign.architectures.architecture import Normalization, State

Kind = Literal["batch", "instance", "none"]
RUNNING = ("running_mean", "running_var", "num_batches_tracked")
"""Ends of the keys that instance normalization of torch before 0.4 kept, without using them."""


def kind_of(state: State, layer: str, conv: str, asked: Normalization) -> Kind:
    """The normalization behind a convolution.

    Args:
        state: the state dict.
        layer: key of the normalization, without its last part.
        conv: key of the convolution before it. The original gives it a bias exactly before instance normalization.
        asked: what the user says; `auto` decides by the keys.
    """
    if asked != "auto":
        return asked
    if f"{layer}.weight" in state:
        return "batch"
    return "instance" if f"{conv}.bias" in state or f"{layer}.running_mean" in state else "none"


def layer(kind: Kind, channels: int, affine: bool = False) -> nn.Module:
    """A normalization layer for (N, channels, H, W).

    Args:
        kind: instance normalization keeps no running statistics; `none` is the identity.
        channels: of the input.
        affine: whether instance normalization has weights.
    """
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    return nn.InstanceNorm2d(channels, affine=affine) if kind == "instance" else nn.Identity()


def ignored(kind: Kind) -> tuple[str, ...]:
    """Ends of keys that are passed over: running statistics that instance normalization never used."""
    return RUNNING if kind == "instance" else ()
