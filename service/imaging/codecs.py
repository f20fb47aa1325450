"""Encode and decode image files: bytes <-> (H, W, C) uint8. Knows nothing about models or HTTP."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import isal
import numpy as np
import PIL
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin, features

from service.errors import GanvasError, NotAnImage, TooLarge
from service.imaging import png
from service.imaging.pixels import Pixels, on_white, to_pillow

StillFormat = Literal["png", "jpeg", "webp"]
AnimationFormat = Literal["gif", "apng", "webp"]

_READABLE = ("PNG", "JPEG", "WEBP")
_SAVE: dict[StillFormat, dict[str, Any]] = {
    "png": {"format": "PNG", "compress_level": 1},  # of animations; `png` encodes still images
    "jpeg": {"format": "JPEG", "quality": 90, "subsampling": 0},
    "webp": {"format": "WEBP", "quality": 90},
}
_SOFTWARE, _DESCRIPTION = ExifTags.Base.Software, ExifTags.Base.ImageDescription
_MAX_EXIF_BYTES = 65_000  # JPEG holds EXIF in one segment of 65,533 bytes
_SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class Label:
    """What a file's metadata says about the file, in the format's own fields.

    Attributes:
        software: that wrote the file.
        description: how the image was generated; ASCII.
    """

    software: str
    description: str


@cache
def codec_versions() -> str:
    """Versions of Pillow and its codecs: with another version, the bytes of an encoded image may differ."""
    names = ("zlib", "jpg", "webp")
    codecs = (features.version_codec(n) if n != "webp" else features.version_module(n) for n in names)
    others = (f"{n}-{v}" for n, v in zip(names, codecs, strict=True))
    return ";".join((f"pillow-{PIL.__version__}", f"isal-{isal.__version__}", *others))


def encode(pixels: Pixels, form: StillFormat, label: Label | None = None) -> bytes:
    """Encode one image, (H, W, C) uint8 with C of 1, 3 or 4. For JPEG, alpha is composited over white.

    The label is written into PNG's text chunks or into EXIF; a description that is too long for JPEG is omitted.

    Raises:
        TooLarge: a side has more pixels than the format allows.
    """
    if form == "png":
        return png.encode(pixels, {} if label is None else _texts(label))
    image = to_pillow(pixels)
    if form == "jpeg" and image.mode == "RGBA":
        image = on_white(image)
    limit = {"jpeg": 65_535, "webp": 16_383}.get(form)
    if limit and max(image.size) > limit:
        raise TooLarge(f"an image of {image.width} x {image.height} px exceeds {form}'s {limit} px per side; use png")
    buffer = io.BytesIO()
    image.save(buffer, **_SAVE[form], **_labelled(form, label))
    return buffer.getvalue()


def animate(frames: Pixels, form: AnimationFormat, fps: int, loop: bool, label: Label | None = None) -> bytes:
    """Encode an animation.

    Args:
        frames: (N, H, W, C) uint8.
        form: GIF (256 colours per frame, times in 1/100 s), APNG (exact) or WebP.
        fps: frames per second, 1 ... 50.
        loop: whether it repeats forever; otherwise it plays once.
        label: as for `encode`; a GIF has none.
    """
    first, *rest = [to_pillow(frame) for frame in frames]
    options: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": 1000.0 / fps}
    if form == "gif":
        # Without a loop count a GIF plays once; 0 repeats forever.
        options |= {"format": "GIF", "duration": round(100 / fps) * 10} | ({"loop": 0} if loop else {})
    else:
        options |= {"loop": 0 if loop else 1}
        options |= _SAVE["png"] if form == "apng" else {**_SAVE["webp"], "duration": round(1000 / fps)}
        options |= _labelled("png" if form == "apng" else "webp", label)
    buffer = io.BytesIO()
    first.save(buffer, **options)
    return buffer.getvalue()


def decode(raw: bytes, max_pixels: int) -> Pixels:
    """Decode a still image, or an animation's first frame.

    EXIF orientation is applied, an ICC profile is converted to sRGB, 16-bit grey becomes 8-bit.

    Args:
        raw: PNG, JPEG or WebP, recognised by its content.
        max_pixels: compared with the header before anything is decoded.

    Returns:
        (H, W, 3) uint8 RGB, or (H, W, 4) RGBA if the image has alpha.

    Raises:
        NotAnImage: another format, or a damaged file.
        TooLarge: more pixels than max_pixels.
    """
    with _opened(raw, max_pixels) as image:
        image.load()
        return np.asarray(_to_srgb(_upright(image)))


def measure(raw: bytes, max_pixels: int) -> tuple[int, int]:
    """(width, height) in px from an image's header, before EXIF orientation; raises as `decode` does."""
    with _opened(raw, max_pixels) as image:
        return image.width, image.height


def describe(raw: bytes, max_pixels: int) -> tuple[str | None, str]:
    """Read a file's metadata without decoding its pixels; raises as `decode` does.

    Returns:
        The description of its label, if it has one, and its format: `png`, `apng`, `jpeg` or `webp`.
    """
    with _opened(raw, max_pixels) as image:
        form = "apng" if image.format == "PNG" and getattr(image, "is_animated", False) else str(image.format).lower()
        text = image.info.get("Description") if image.format == "PNG" else image.getexif().get(_DESCRIPTION)
        return text if isinstance(text, str) else None, form


def _texts(label: Label) -> dict[str, str]:
    """The label as PNG's text chunks, by keyword."""
    return {"Software": label.software, "Description": label.description}


def _labelled(form: StillFormat, label: Label | None) -> dict[str, Any]:
    """Options of Pillow's `save` that write the label."""
    if label is None:
        return {}
    if form == "png":
        info = PngImagePlugin.PngInfo()
        for keyword, text in _texts(label).items():
            info.add_text(keyword, text)
        return {"pnginfo": info}
    exif = Image.Exif()
    exif[_SOFTWARE] = label.software
    if form != "jpeg" or len(label.description) <= _MAX_EXIF_BYTES:
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
        raise NotAnImage("the body is not an image that can be read: send a whole PNG, JPEG or WebP file") from error


def _too_many_pixels(max_pixels: int) -> TooLarge:
    return TooLarge(f"the image has more than {max_pixels} pixels")


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
        image = image.convert("RGBA")  # converting directly to RGB, Pillow warns about a palette with alpha
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
    except (ImageCms.PyCMSError, OSError):  # a damaged or unsupported profile: keep the values as they are
        return image
