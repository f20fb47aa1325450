"""Image files made in code, and the pixels of files."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def image_file(
    width: int = 20, height: int = 16, mode: str = "RGB", form: str = "PNG", seed: int = 0, **options: Any
) -> bytes:
    """An encoded smooth image with some noise, in any mode and format that Pillow writes."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.5, 1, height)[:, None, None]
    rgb = (ramp * np.array([1.0, 0.8, 0.6]) + rng.integers(0, 50, (height, width, 3))).astype(np.uint8)
    image = Image.fromarray(rgb)
    if mode == "I;16":
        image = Image.fromarray(rgb[:, :, 0].astype(np.uint16) * 257)
    elif mode != "RGB":
        image = image.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def write_images(folder: Path, *names: str, width: int = 20, height: int = 16) -> Path:
    """A folder with a different `image_file` under each name; a name may contain folders."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_file(width, height, seed=seed))
    return folder


def pixels(raw: bytes) -> NDArray[np.uint8]:
    """The decoded pixels of an image file: (H, W) or (H, W, C)."""
    with Image.open(io.BytesIO(raw)) as image:
        return np.asarray(image)


def same_pixels(one: bytes, other: bytes) -> bool:
    """Whether two files have equal pixels; their metadata may differ."""
    return np.array_equal(pixels(one), pixels(other))
