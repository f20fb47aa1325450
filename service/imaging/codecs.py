"""Pictures: bytes <-> uint8 HWC <-> float32 NCHW. The one place that knows pixel ranges and codecs.

Knows nothing about models or HTTP.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import ceil, sqrt
from typing import Any, Literal

import isal
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin, features

from service.errors import GanvasError, NotAnImage, NotFinite, TooLarge
from service.imaging import png

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

StillFormat = Literal["png", "jpeg", "webp"]
AnimationFormat = Literal["gif", "apng", "webp"]

_READABLE = ("PNG", "JPEG", "WEBP")
_SAVE: dict[StillFormat, dict[str, Any]] = {
    "png": {"format": "PNG", "compress_level": 1},  # of animations; still pictures are `png`'s
    "jpeg": {"format": "JPEG", "quality": 90, "subsampling": 0},
    "webp": {"format": "WEBP", "quality": 90},
}
_SOFTWARE, _DESCRIPTION = ExifTags.Base.Software, ExifTags.Base.ImageDescription
_MOST_EXIF_BYTES = 65_000  # JPEG holds EXIF in one segment of 65,533 bytes
_SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class Label:
    """What a file says about itself in its format's own metadata.

    Attributes:
        software: what made it.
        description: how it was made; ASCII.
    """

    software: str
    description: str


@cache
def codec_versions() -> str:
    """Pillow and its codecs: when one changes, the bytes of a picture may change."""
    names = ("zlib", "jpg", "webp")
    codecs = (features.version_codec(n) if n != "webp" else features.version_module(n) for n in names)
    others = (f"{n}-{v}" for n, v in zip(names, codecs, strict=True))
    return ";".join((f"pillow-{PIL.__version__}", f"isal-{isal.__version__}", *others))


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
    """Columns of the grid that is as square as can be: ceil(sqrt(count))."""
    return ceil(sqrt(count))


def grid(pixels: Pixels, columns: int) -> Pixels:
    """(N, H, W, C) -> (rows H, columns W, C), row by row; cells that are left over are black."""
    count, height, width, channels = pixels.shape
    rows = ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = pixels
    lines = cells.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(lines.reshape(rows * height, columns * width, channels))


def collage(pictures: Sequence[Pixels], columns: int) -> Pixels:
    """Pictures of any sizes, (H, W, 1, 3 or 4) each, as a grid whose cells are as large as the largest of each side."""
    height, width, channels = (max(picture.shape[axis] for picture in pictures) for axis in range(3))
    cells = np.zeros((len(pictures), height, width, channels), np.uint8)
    for cell, picture in zip(cells, pictures, strict=True):
        tall, wide, deep = picture.shape
        cell[:tall, :wide, :deep] = picture
        if deep < channels:
            cell[:tall, :wide, deep:] = 255  # what has no alpha is opaque
    return grid(cells, columns)


def encode(pixels: Pixels, form: StillFormat, label: Label | None = None) -> bytes:
    """One picture, (H, W, C) uint8 with C of 1, 3 or 4, as a file's bytes. JPEG lays alpha on white.

    A label goes into PNG's text chunks, or into EXIF; a description too long for JPEG is left out.

    Raises:
        TooLarge: the picture has more pixels a side than the format allows.
    """
    if form == "png":
        return png.encode(pixels, {} if label is None else _texts(label))
    image = _to_pillow(pixels)
    if form == "jpeg" and image.mode == "RGBA":
        image = _on_white(image)
    limit = {"jpeg": 65_535, "webp": 16_383}.get(form)
    if limit and max(image.size) > limit:
        raise TooLarge(f"a picture of {image.width} x {image.height} px is beyond {form}'s {limit} px a side; use png")
    buffer = io.BytesIO()
    image.save(buffer, **_SAVE[form], **_labelled(form, label))
    return buffer.getvalue()


def animate(frames: Pixels, form: AnimationFormat, fps: int, loop: bool, label: Label | None = None) -> bytes:
    """(N, H, W, C) uint8 as an animation's bytes.

    Args:
        frames: the frames in their order.
        form: GIF (256 colours a frame, times in 1/100 s), APNG (exact) or WebP.
        fps: frames a second, 1 ... 50.
        loop: whether it repeats for ever; else it plays once.
        label: as for `encode`; a GIF has none.
    """
    first, *rest = [_to_pillow(frame) for frame in frames]
    options: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": 1000.0 / fps}
    if form == "gif":
        # Without a loop count a GIF plays once; 0 is for ever.
        options |= {"format": "GIF", "duration": round(100 / fps) * 10} | ({"loop": 0} if loop else {})
    else:
        options |= {"loop": 0 if loop else 1}
        options |= _SAVE["png"] if form == "apng" else {**_SAVE["webp"], "duration": round(1000 / fps)}
        options |= _labelled("png" if form == "apng" else "webp", label)
    buffer = io.BytesIO()
    first.save(buffer, **options)
    return buffer.getvalue()


def decode(raw: bytes, max_pixels: int) -> Pixels:
    """A still picture's bytes, or an animation's first frame, as it is meant to be seen.

    EXIF orientation is applied, an ICC profile is converted to sRGB, 16-bit grey becomes 8-bit.

    Args:
        raw: PNG, JPEG or WebP; the bytes decide, whatever they were called.
        max_pixels: checked against the header, before anything is decoded.

    Returns:
        (H, W, 3) uint8 RGB, or (H, W, 4) RGBA where the picture has alpha.

    Raises:
        NotAnImage: other bytes, or a damaged picture.
        TooLarge: more pixels than max_pixels.
    """
    with _opened(raw, max_pixels) as image:
        image.load()
        return np.asarray(_to_srgb(_upright(image)))


def measure(raw: bytes, max_pixels: int) -> tuple[int, int]:
    """(width, height) in px as a picture's header says, before EXIF turns it; raises as `decode` does."""
    with _opened(raw, max_pixels) as image:
        return image.width, image.height


def describe(raw: bytes, max_pixels: int) -> tuple[str | None, str]:
    """What a file says about itself, without decoding it; raises as `decode` does.

    Returns:
        The description of its label, where it has one, and its format: `png`, `apng`, `jpeg` or `webp`.
    """
    with _opened(raw, max_pixels) as image:
        form = "apng" if image.format == "PNG" and getattr(image, "is_animated", False) else str(image.format).lower()
        text = image.info.get("Description") if image.format == "PNG" else image.getexif().get(_DESCRIPTION)
        return text if isinstance(text, str) else None, form


def _texts(label: Label) -> dict[str, str]:
    """The label as PNG's text chunks, by keyword."""
    return {"Software": label.software, "Description": label.description}


def _labelled(form: StillFormat, label: Label | None) -> dict[str, Any]:
    """The label as the options of Pillow's `save`."""
    if label is None:
        return {}
    if form == "png":
        info = PngImagePlugin.PngInfo()
        for keyword, text in _texts(label).items():
            info.add_text(keyword, text)
        return {"pnginfo": info}
    exif = Image.Exif()
    exif[_SOFTWARE] = label.software
    if form != "jpeg" or len(label.description) <= _MOST_EXIF_BYTES:
        exif[_DESCRIPTION] = label.description
    return {"exif": exif}


@contextmanager
def _opened(raw: bytes, max_pixels: int) -> Iterator[Image.Image]:
    try:
        with Image.open(io.BytesIO(raw), formats=_READABLE) as image:
            if image.width * image.height > max_pixels:
                raise _too_many_pixels(max_pixels)
            yield image
    except GanvasError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(max_pixels) from error
    except Exception as error:  # decoders raise anything on damaged bytes: OSError, SyntaxError, struct.error ...
        raise NotAnImage("the body is no picture that we read: send a whole PNG, JPEG or WebP file") from error


def fit(pixels: Pixels, height: int, width: int, channels: int) -> Pixels:
    """Cuts out the middle in another shape, and resizes.

    Args:
        pixels: (H, W, 3 or 4) uint8; alpha is laid on white.
        height: of the result, in px.
        width: of the result, in px.
        channels: 1 (luminance, ITU-R 601) or 3.

    Returns:
        (height, width, channels) uint8.
    """
    image = _to_pillow(pixels)
    image = _on_white(image) if image.mode == "RGBA" else image
    image = image.convert("L" if channels == 1 else "RGB")
    fitted = ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)
    return np.asarray(fitted).reshape(height, width, channels)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """(H, W, C) -> (height, width, C), whatever the aspect."""
    resized = _to_pillow(pixels).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(resized).reshape(height, width, pixels.shape[2])


def _too_many_pixels(max_pixels: int) -> TooLarge:
    return TooLarge(f"the picture has more than {max_pixels} pixels")


def _to_pillow(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image).convert("RGB")


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a damaged EXIF block does not make the pixels unreadable
        return image


def _to_srgb(image: Image.Image) -> Image.Image:
    """Mode RGB or RGBA, in sRGB."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):  # 16-bit grey: 0 ... 65535 to 0 ... 255
        image = Image.fromarray(np.rint(np.asarray(image, np.float64) / 257.0).clip(0, 255).astype(np.uint8))
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if has_alpha and image.mode in ("P", "PA"):
        image = image.convert("RGBA")  # straight to RGB, Pillow warns of a palette with alpha
    alpha = image.convert("RGBA").getchannel("A") if has_alpha else None
    image = _convert_profile(image, profile) if profile else image
    image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image


def _convert_profile(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB") or image
    except (ImageCms.PyCMSError, OSError):  # a damaged or foreign profile: show the numbers as they are
        return image
