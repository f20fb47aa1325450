"""Images that behave as photos do (little energy in fine detail), and the ways in which samples go wrong."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def scenes(count: int, seed: int = 0, side: int = 32, channels: int = 3) -> Tensor:
    """(count, channels, side, side) float32 in [-1, 1]: noise whose amplitude falls with the frequency."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
    frequency[0, 0] = 1.0 / side
    spectrum = np.fft.fft2(rng.normal(size=(count, channels, side, side))) / frequency**1.2
    fields = np.fft.ifft2(spectrum).real
    return torch.from_numpy(np.tanh(0.6 * fields / fields.std())).float()


def blur(images: Tensor, sigma: float = 1.0) -> Tensor:
    """Gaussian blur."""
    row = torch.exp(-0.5 * (torch.arange(-4.0, 5.0) / sigma) ** 2)
    row = row / row.sum()
    planes = F.pad(images.flatten(0, 1)[:, None], (4, 4, 4, 4), mode="reflect")
    return F.conv2d(F.conv2d(planes, row.reshape(1, 1, 1, 9)), row.reshape(1, 1, 9, 1)).reshape(images.shape)


def noise(images: Tensor, sigma: float = 0.2, seed: int = 9) -> Tensor:
    """Gaussian noise."""
    added = torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return (images + sigma * added).clamp(-1.0, 1.0)


def checkerboard(images: Tensor, amplitude: float = 0.1) -> Tensor:
    """A pattern with a period of two pixels, as strong as the image is bright."""
    rows, columns = (torch.arange(side) % 2 for side in images.shape[2:])
    signs = 1.0 - 2.0 * ((rows[:, None] + columns) % 2)
    return (images + amplitude * (images + 1.0) * signs).clamp(-1.0, 1.0)


def one_mode(images: Tensor) -> Tensor:
    """The first image again and again."""
    return images[:1].repeat(len(images), 1, 1, 1)


def to_uint8(images: Tensor) -> Tensor:
    """As the service would send them."""
    return ((images + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8)
