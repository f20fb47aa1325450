"""Which image sizes a translator takes: every side, or multiples of a number only."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import nn

MIN_PX = 16
"""The service pads smaller sides up to this."""
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

OutputSize = Callable[[int, int], tuple[int, int] | None]
"""Height and width of an output for those of an input; None if the network fails."""


class SizeError(ValueError):
    """The network's output does not have its input's size, whatever that is."""


def multiple(output_size: OutputSize) -> int:
    """The smallest number of which both sides must be multiples.

    Args:
        output_size: tries a size.

    Raises:
        SizeError: no number up to 512 will do.
    """
    for step in _MULTIPLES:
        least = -(-MIN_PX // step)
        odd = least if least % 2 else least + 1
        # Odd multiples, not square: an even one would also fit a number twice as large.
        tried = ((step * odd, step * (odd + 2)), (step * (odd + 2), step * odd))
        if all(output_size(*size) == size for size in tried):
            return step
    px = 2 * _MULTIPLES[-1]
    raise SizeError(f"the output of a translator must have its input's size; at {px} x {px} px: {output_size(px, px)}")


def of_module(module: nn.Module, channels: int) -> OutputSize:
    """Tries sizes on a copy without numbers, which takes no time.

    Args:
        module: maps (N, channels, H, W) to (N, C, H, W), in evaluation mode.
        channels: of the input.
    """
    shadow = deepcopy(module).to("meta")

    def output_size(height: int, width: int) -> tuple[int, int] | None:
        try:
            with torch.inference_mode():
                made = shadow(torch.empty((1, channels, height, width), device="meta"))
        except (RuntimeError, ValueError, IndexError):  # what layers raise about sides
            return None
        return made.shape[-2], made.shape[-1]

    return output_size
