"""Decodes one file's bytes to upright sRGB, whatever its mode, and crops it to the square that a recipe needs.

Independent of folders and data sets.
"""

import io
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
MAX_PIXELS = 100_000_000
"""Admits photos of high-resolution cameras and rejects decompression bombs."""


class DecodingError(ValueError):
    """An image cannot be used; the message is the reason, in a few words."""


class Decoded(NamedTuple):
    """An image in RGB, and the factor by which it was downscaled while decoding."""

    image: Image.Image
    shrunk: float


def decode(raw: bytes, min_px: int | None = None, max_pixels: int = MAX_PIXELS) -> Decoded:
    """Decodes an image as a viewer shows it: upright, sRGB, transparent parts on white.

    Args:
        raw: the file's content, which determines the format. Of an animation the first frame is used.
        min_px: the side that it will be scaled to. A JPEG is decoded at half, a quarter or an eighth of its size if
            that is still at least twice as large, which is faster and not visible after scaling.
        max_pixels: limit of width x height.

    Raises:
        DecodingError: its pixels have no defined appearance, or it is too large to be decoded safely.
        OSError, SyntaxError, ValueError, ...: Pillow's errors for damaged files.
    """
    image: Image.Image = Image.open(io.BytesIO(raw), formats=_FORMATS)
    if image.width * image.height > max_pixels:
        raise DecodingError(f"{image.width} x {image.height} px are too many")
    width = image.width
    if min_px:
        image.draft(None, (2 * min_px, 2 * min_px))
    image.load()
    shrunk = width / image.width
    return Decoded(_on_white(_in_srgb(_eight_bits(_upright(image)))), shrunk)


def square(image: Image.Image, side_px: int) -> NDArray[np.uint8]:
    """The centre of an image, scaled so that its short side fits (bicubic, antialiased).

    Returns:
        (side_px, side_px, 3) uint8.
    """
    side = min(image.size)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    middle = (left, top, left + side, top + side)
    return np.asarray(image.resize((side_px, side_px), Image.Resampling.BICUBIC, box=middle))


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # errors for damaged EXIF data have no common base, and the image is usable without
        return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scales 16-bit grey to 8 bits: Pillow's own conversion clips it, so that all but the darkest turns white."""
    if image.mode == "F":
        raise DecodingError("its pixels are floating-point numbers of unknown range")
    if not image.mode.startswith("I"):
        return image
    levels = np.asarray(image).astype(np.float64)
    if levels.min() < 0 or levels.max() > 65_535:
        raise DecodingError("its pixels have more than 16 bits")
    grey = Image.fromarray(np.rint(levels / 257).astype(np.uint8))
    grey.info = {key: value for key, value in image.info.items() if key == "icc_profile"}
    return grey


def _in_srgb(image: Image.Image) -> Image.Image:
    """Applies the image's colour profile, if it has a readable one; preserves transparency."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data or image.mode == "P":
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not profile or image.mode not in ("RGB", "RGBA", "L", "CMYK"):
        return image
    try:
        converted = ImageCms.applyTransform(image, _to_srgb(profile, image.mode))
    except (ImageCms.PyCMSError, OSError, ValueError):  # damaged, or for another colour space than the image's
        return image
    assert converted is not None
    return converted


@lru_cache(maxsize=64)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    output = "RGBA" if mode == "RGBA" else "RGB"
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, output)


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
