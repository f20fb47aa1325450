"""Filters that change an image without translating it: the ways to fool a classifier of domains.

Inputs and outputs are (N, C, H, W) float32 in [-1, 1]. Random numbers come from torch's own CPU generator.

References:
    F. Pitie and A. Kokaram, "The Linear Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour Transfer",
    CVMP 2007, Equation 4: the linear map by which colours get the mean and the covariance of another image's.
"""

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

_REACH_PX = 6
_MIN_VARIANCE = 1e-4  # a flat image has no colour covariance


def match_colors(images: Tensor, like: Tensor) -> Tensor:
    """Gives each image the colour mean and covariance of its partner in `like`, which has as many images."""
    mean, covariance = _colors(images)
    wanted_mean, wanted = _colors(like)
    root, inverse = _power(covariance, 0.5), _power(covariance, -0.5)
    turned = inverse @ _power(root @ wanted @ root, 0.5) @ inverse
    return (turned @ (images.flatten(2) - mean) + wanted_mean).view_as(images).clamp(-1.0, 1.0)


def noise(images: Tensor, sigma: float | Tensor) -> Tensor:
    """Adds Gaussian noise of `sigma` levels of 255, one for all or (N,)."""
    return (images + torch.randn_like(images) * (_each(sigma, len(images)) / 127.5)).clamp(-1.0, 1.0)


def chroma_noise(images: Tensor, sigma: float | Tensor, block_px: int = 1) -> Tensor:
    """Gaussian noise of Cb and Cr, the same over blocks, of `sigma` levels of 255, one for all or (N,); RGB.

    Luma is unchanged unless a channel is clamped.
    """
    count, _, height, width = images.shape
    coarse = torch.randn(count, 2, -(-height // block_px), -(-width // block_px))
    fine = coarse.repeat_interleave(block_px, 2).repeat_interleave(block_px, 3)[:, :, :height, :width]
    blue, red = (fine * (_each(sigma, count) / 127.5)).unbind(1)
    # The inverse of JFIF's YCbCr for a change of chroma alone.
    return (images + torch.stack((1.402 * red, -0.344136 * blue - 0.714136 * red, 1.772 * blue), 1)).clamp(-1.0, 1.0)


def mode(images: Tensor, side: int = 5, bins: int = 8) -> Tensor:
    """A mode filter: the mean colour of the commonest of `bins` lightnesses within `side` x `side` px."""
    pad = side // 2
    lightness = images.mean(1, keepdim=True).add(1.0).mul(bins / 2.0).long().clamp(0, bins - 1)
    members = F.one_hot(lightness[:, 0], bins).permute(0, 3, 1, 2).float()  # (N, bins, H, W)

    def near(x: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(x, (pad,) * 4, mode="replicate"), side, 1)

    counts = near(members)
    commonest = counts.argmax(1, keepdim=True)
    share = counts.gather(1, commonest)
    sums = [near(members * images[:, c : c + 1]).gather(1, commonest) for c in range(images.shape[1])]
    return torch.cat(sums, 1) / share


def blur(images: Tensor, sigma: float | Tensor) -> Tensor:
    """Gaussian blur by `sigma` px, at most 3, one for all or (N,); sides of at least 7 px."""
    count = len(images)
    places = torch.arange(-_REACH_PX, _REACH_PX + 1.0)
    weights = torch.exp(-places.square() / (2.0 * _each(sigma, count).view(-1, 1).square()))
    weights /= weights.sum(1, keepdim=True)
    # One group per image, since each has its own kernel; channels become the batch.
    planes = F.pad(images, (_REACH_PX,) * 4, mode="reflect").transpose(0, 1)
    planes = F.conv2d(planes, weights.view(count, 1, -1, 1), groups=count)
    return F.conv2d(planes, weights.view(count, 1, 1, -1), groups=count).transpose(0, 1).contiguous()


def median(images: Tensor, side: int = 3) -> Tensor:
    """The median of `side` x `side` px, an odd number, of each channel separately."""
    windows = F.pad(images, (side // 2,) * 4, mode="reflect").unfold(2, side, 1).unfold(3, side, 1)
    return windows.flatten(4).median(dim=4).values


def jpeg(images: Tensor, quality: Tensor) -> Tensor:
    """Compresses three-channel images as JPEG and decodes them; (N,) qualities of 1 to 95."""
    pixels = images.add(1.0).mul(127.5).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    read = np.stack([_through_jpeg(image, int(q)) for image, q in zip(pixels, quality, strict=True)])
    return torch.from_numpy(read).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)


def _colors(images: Tensor) -> tuple[Tensor, Tensor]:
    """(N, C, 1) mean and (N, C, C) covariance over the pixels of each image."""
    flat = images.flatten(2)
    mean = flat.mean(2, keepdim=True)
    centred = flat - mean
    return mean, centred @ centred.transpose(1, 2) / flat.shape[2] + _MIN_VARIANCE * torch.eye(flat.shape[1])


def _power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric.double())
    powers = values.clamp_min(_MIN_VARIANCE**2).pow(exponent)
    out: Tensor = ((vectors * powers[:, None]) @ vectors.transpose(1, 2)).float()
    return out


def _each(number: float | Tensor, count: int) -> Tensor:
    return torch.as_tensor(number, dtype=torch.float32).expand(count).view(-1, 1, 1, 1)


def _through_jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
