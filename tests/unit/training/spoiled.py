"""Images with the faults that metrics of noise are for."""

import torch
from torch import Tensor


def natural() -> Tensor:
    """(4, 3, 32, 32) in [-1, 1]: smooth shapes with a little grain of luma and chroma."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.nn.functional.interpolate(torch.rand(4, 3, 5, 5, generator=generator), (32, 32), mode="bicubic")
    grain = 0.04 * torch.randn(4, 3, 32, 32, generator=generator)
    return (coarse * 1.2 - 0.6 + grain).clamp(-1.0, 1.0)


def confetti(images: Tensor, strength: float) -> Tensor:
    """Blue against yellow from pixel to pixel, of the same luma."""
    signs = torch.randint(0, 2, (len(images), 1, *images.shape[2:]), generator=torch.Generator().manual_seed(1))
    return (images + strength * (2.0 * signs - 1.0) * torch.tensor([0.114, 0.114, -0.886])[:, None, None]).clamp(-1, 1)


def grainy(images: Tensor, strength: float) -> Tensor:
    """Grain of luma alone."""
    grain = torch.randn(len(images), 1, *images.shape[2:], generator=torch.Generator().manual_seed(1))
    return (images + strength * grain).clamp(-1, 1)


def blurred(images: Tensor) -> Tensor:
    """Means over 3 x 3 px."""
    return torch.nn.functional.avg_pool2d(images, 3, 1, 1, count_include_pad=False)
