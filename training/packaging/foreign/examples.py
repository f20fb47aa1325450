"""Images that an imported network is tried on: a user's own, or a chart made in code."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.errors import GanvasError
from service.imaging import codecs
from service.imaging.pixels import Pixels, fit, to_float32
from training.packaging.onnx.export import ExportError

Floats = NDArray[np.float32]
_SEED = 20_170_330


def load(file: Path | None, side_px: int) -> Pixels:
    """(H, W, 3) uint8: the middle square of a user's image, scaled to `side_px`, or a chart of that size.

    Raises:
        ExportError: the file holds no image that can be read.
    """
    if file is None:
        return chart(side_px)
    try:
        pixels = codecs.decode(file.read_bytes(), 100_000_000)[:, :, :3]
    except (OSError, GanvasError) as error:
        raise ExportError(f"--example {file} cannot be read: {error}") from error
    return fit(pixels, side_px, side_px, 3)


def chart(side_px: int) -> Pixels:
    """(side_px, side_px, 3) uint8: smooth coloured noise, as photos have it, with a sharp grid on top."""
    rng = np.random.default_rng(_SEED)
    coarse = rng.uniform(0.0, 255.0, (1, 3, 9, 9))
    y = np.linspace(0.0, 8.0, side_px)
    low, share = np.floor(y).astype(int).clip(0, 7), y - np.floor(y).clip(0, 7)
    rows = coarse[:, :, low] * (1 - share)[:, None] + coarse[:, :, low + 1] * share[:, None]
    image = rows[..., low] * (1 - share) + rows[..., low + 1] * share
    lines = (np.arange(side_px) // max(side_px // 16, 1)) % 4 == 0
    image = np.where(lines[:, None] & lines[None, :], 255.0 - image, image)
    pixels: Pixels = image[0].transpose(1, 2, 0).round().astype(np.uint8)
    return pixels


def batch(pixels: Pixels, height: int, width: int, count: int) -> Floats:
    """(count, 3, height, width) float32 in [-1, 1]: pieces of an image, repeated where it ends."""
    tall, wide = -(-height // pixels.shape[0]), -(-width // pixels.shape[1])
    tiled = np.tile(pixels, (tall + 1, wide + 1, 1))
    down, right = pixels.shape[:2]
    pieces = [tiled[7 * i % down :, 11 * i % right :][:height, :width] for i in range(count)]
    return to_float32(np.stack(pieces))
