"""Requests to the translators of `tests.conftest.models`, and what they return."""

import io

import numpy as np
from PIL import Image

CALL = "/v1/models/darker/translate"


def translate(client, raw, model="darker", query="", **headers):
    return client.post(f"/v1/models/{model}/translate{query}", content=raw, headers=headers)


def saved(pixels, form="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(buffer, form, **options)
    return buffer.getvalue()


def noise(height: int, width: int, channels: int = 3, seed: int = 0):
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def darker(pixels):
    """The translation of RGB pixels by the model `darker`: x/2 - 1/4 in [-1, 1]."""
    floats = pixels[..., :3].astype(np.float64) / 127.5 - 1
    return np.clip(np.rint((floats * 0.5 - 0.25 + 1) * 127.5), 0, 255).astype(np.uint8)


def assert_near(found, expected, levels=1):
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= levels


def several(client, query="", sizes=((10, 20), (16, 8), (5, 5)), model="darker"):
    images = [noise(*size, seed=index) for index, size in enumerate(sizes)]
    files = [("image", (f"{index}.png", saved(image))) for index, image in enumerate(images)]
    return images, client.post(f"/v1/models/{model}/translate{query}", files=files)
