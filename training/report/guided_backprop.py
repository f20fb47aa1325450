"""Guided backpropagation: the parts of an image that the features of a discriminator respond to.

The networks call their activations as functions, so module hooks do not see them. A `TorchFunctionMode` intercepts each
call instead: it records the output of each activation and replaces its gradient. It is independent of the architecture.

References:
    J. Springenberg et al., "Striving for Simplicity: The All Convolutional Net", ICLR 2015 workshop, section 3.4.
    A. Radford et al. (2015), section 6.2 and figure 5: features of the last convolutional layer.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from service.imaging.pixels import grid as image_grid
from service.imaging.pixels import to_uint8

FEATURES = 8
COLUMNS = 4
"""Images per feature: those with the highest response."""

_ACTIVATIONS: tuple[Callable[..., Tensor], ...] = (F.relu, torch.relu, F.leaky_relu)


class _Guided(torch.autograd.Function):
    """Passes an activation's output through; backward, keeps positive gradients at positive inputs only."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, activated: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return activated.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        # The negative slope of a LeakyReLU is ignored too: an inactive feature explains nothing.
        return grads[0].clamp_min(0.0) * (x > 0), None


class _Mode(TorchFunctionMode):
    """Guides activations inside its block, and records their outputs in order."""

    def __init__(self, is_guided: bool) -> None:
        super().__init__()
        self.is_guided = is_guided
        self.activated: list[Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if func not in _ACTIVATIONS:
            return out
        if self.is_guided:
            out = _Guided.apply(args[0], out.detach())  # type: ignore[no-untyped-call]  # torch
        self.activated.append(out)
        return out


def responses(
    discriminator: nn.Module, images: Tensor, *classes: Tensor, is_guided: bool = True
) -> tuple[Tensor, Tensor]:
    """Computes the activation maps of the last convolutional layer, with a guided autograd graph.

    Args:
        discriminator: in evaluation mode.
        images: (N, C, H, W) float32 in [-1, 1].
        classes: (N, n_classes) one-hot rows, for a class-conditional discriminator.
        is_guided: False keeps the plain gradients, for comparison.

    Returns:
        The images, which require gradients, and (N, F, h, w) maps.

    Raises:
        ValueError: the network has no convolutional layer with an activation.
    """
    watched = images.detach().clone().requires_grad_()
    with torch.enable_grad(), _Mode(is_guided) as mode:
        discriminator(watched, *classes)
    maps = [out for out in mode.activated if out.ndim == 4]
    if not maps:
        raise ValueError("guided backpropagation shows convolutional features, but this network has none")
    return watched, maps[-1]


def gradients(
    discriminator: nn.Module, images: Tensor, *classes: Tensor, feature: int, is_guided: bool = True
) -> Tensor:
    """Computes the gradient of one feature's maximal response with respect to each image.

    Arguments and errors as for `responses`; `feature` is an index into the maps of the last convolutional layer.

    Returns:
        (N, C, H, W) float32.
    """
    watched, maps = responses(discriminator, images, *classes, is_guided=is_guided)
    # In evaluation mode responses are independent across images, so the sum's gradient is each image's own.
    (found,) = torch.autograd.grad(maps[:, feature].amax((1, 2)).sum(), watched)
    return found


def grid(
    discriminator: nn.Module, images: Tensor, *classes: Tensor, features: int = FEATURES, columns: int = COLUMNS
) -> NDArray[np.uint8]:
    """Shows the strongest features of the last convolutional layer, and what they respond to.

    Args:
        discriminator: a convolutional discriminator or critic, in evaluation mode.
        images: (N, C, H, W) float32 in [-1, 1], real images; about a hundred are enough.
        classes: (N, n_classes) one-hot rows, for a class-conditional discriminator.
        features: maximal number of rows; features with the highest mean response come first.
        columns: maximal number of images per row: those with the highest response, each with its guided gradient to
            its right.

    Returns:
        (H, W, C) uint8. A gradient of 0 is grey; the largest of each image is black or white.

    Raises:
        ValueError: the network has no convolutional layer with an activation.
    """
    was_training = discriminator.training
    discriminator.eval()
    try:
        highest = responses(discriminator, images, *classes)[1].detach().amax((2, 3))  # (N, F)
        cells = []
        for feature in highest.mean(0).argsort(descending=True)[:features].tolist():
            chosen = highest[:, feature].argsort(descending=True)[:columns]
            shown, rows = images[chosen], [part[chosen] for part in classes]
            found = gradients(discriminator, shown, *rows, feature=feature)
            largest = found.abs().amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(found.dtype).tiny)
            cells.append(torch.stack((shown, found / largest), dim=1).flatten(0, 1))
    finally:
        discriminator.train(was_training)
    return image_grid(to_uint8(torch.cat(cells).cpu().numpy()), 2 * min(columns, len(images)))
