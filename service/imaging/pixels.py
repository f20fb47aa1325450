"""Pixels: the array types of images, their ranges, and what is done to them without a codec.

Images are (H, W, C) uint8 with C of 1 (grey), 3 (RGB) or 4 (RGBA); networks read and return (N, C, H, W) float32 in
[-1, 1]. Knows neither files nor models.
"""

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from service.errors import NotFinite

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


def to_uint8(images: Floats) -> Pixels:
    """(N, C, H, W) float32 in [-1, 1] -> (N, H, W, C) uint8 by clip(rint((x + 1) 127.5), 0, 255).

    Raises:
        NotFinite: a value is NaN or infinite.
    """
    if not np.isfinite(images).all():
        raise NotFinite("the network's output is not finite: the values that it was given are too large")
    levels = np.clip(np.rint((images + 1.0) * 127.5), 0.0, 255.0).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(0, 2, 3, 1))


def to_float32(pixels: Pixels) -> Floats:
    """(N, H, W, C) uint8 -> (N, C, H, W) float32 in [-1, 1]: x / 127.5 - 1."""
    floats = pixels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    return np.ascontiguousarray(floats.transpose(0, 3, 1, 2))


def square_columns(count: int) -> int:
    """Columns of the grid that is closest to a square: ceil(sqrt(count))."""
    return ceil(sqrt(count))


def grid(pixels: Pixels, columns: int) -> Pixels:
    """(N, H, W, C) -> (rows H, columns W, C), row by row; unused cells are black."""
    count, height, width, channels = pixels.shape
    rows = ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = pixels
    lines = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(lines.reshape(rows * height, columns * width, channels))


def collage(images: Sequence[Pixels], columns: int) -> Pixels:
    """A grid of images of different sizes, (H, W, 1, 3 or 4) each; a cell has the largest height and width."""
    height, width, channels = (max(image.shape[axis] for image in images) for axis in range(3))
    cells = np.zeros((len(images), height, width, channels), np.uint8)
    for cell, image in zip(cells, images, strict=True):
        tall, wide, deep = image.shape
        cell[:tall, :wide, :deep] = image
        if deep < channels:
            cell[:tall, :wide, deep:] = 255  # what has no alpha is opaque
    return grid(cells, columns)


def fit(pixels: Pixels, height: int, width: int, channels: int) -> Pixels:
    """Crop the centre to the target's aspect ratio and resize.

    Args:
        pixels: (H, W, 3 or 4) uint8; alpha is composited over white.
        height: in px.
        width: in px.
        channels: 1 (luminance, ITU-R 601) or 3.

    Returns:
        (height, width, channels) uint8.
    """
    image = to_pillow(pixels)
    image = on_white(image) if image.mode == "RGBA" else image
    image = image.convert("L" if channels == 1 else "RGB")
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(fitted).reshape(height, width, channels)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """(H, W, C) -> (height, width, C), without keeping the aspect ratio."""
    resized = to_pillow(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(resized).reshape(height, width, pixels.shape[2])


def to_pillow(pixels: Pixels) -> Image.Image:
    """(H, W, C) uint8 as a Pillow image of mode L, RGB or RGBA."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def on_white(image: Image.Image) -> Image.Image:
    """An RGBA image composited over white, as RGB."""
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")
