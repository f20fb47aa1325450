"""The input of all image metrics: (N, C, H, W), uint8 or float in [-1, 1], converted to levels as served."""

import torch
from torch import Tensor

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
_TOLERANCE = 0.01  # bfloat16 overshoots 1 by less


def levels(images: Tensor) -> Tensor:
    """The whole levels that a viewer sees.

    Args:
        images: (N, C, H, W) uint8, or float in [-1, 1].

    Returns:
        (N, C, H, W) float32, whole numbers 0 ... 255.

    Raises:
        ValueError: the images are of another shape, type or range, or are not finite.
    """
    if images.ndim != 4:
        raise ValueError(f"images must be (N, C, H, W), but have shape {tuple(images.shape)}")
    if images.dtype == torch.uint8:
        return images.float()
    if not images.is_floating_point():
        raise ValueError(f"images must be uint8 or float, but are {images.dtype}")
    # Formulated so that NaN is rejected too.
    if images.numel() and not images.abs().max() <= 1.0 + _TOLERANCE:
        raise ValueError("float images must be finite and in [-1, 1]")
    return images.float().add(1.0).mul_(127.5).round_().clamp_(0.0, 255.0)


def luminance(images: Tensor) -> Tensor:
    """(N, C, H, W) as `levels` takes it, C 1 or 3 -> (N, 1, H, W) float32 in 0 ... 255."""
    seen = levels(images)
    if seen.shape[1] == 1:
        return seen
    return (seen * seen.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
