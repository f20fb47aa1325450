"""From images to the bytes of a response or a file: one image, a grid, an animation, zip, JSON or NumPy's npy.

Encoding takes milliseconds. Except for very small images it runs in worker threads, never on the event loop.
"""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from service.errors import Invalid
from service.imaging import codecs
from service.imaging.codecs import Label
from service.imaging.formats import MEDIA_TYPES
from service.imaging.pixels import Pixels, collage
from service.pipelines import latents, provenance
from service.pipelines.latents import Floats

_ENTRY_TIME = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that the same images give the same bytes


@dataclass(frozen=True)
class OutputImage:
    """One image and its origin.

    Attributes:
        pixels: (H, W, C) uint8.
        latent: (z_dim,) float32, the latent that generated it; None for a translation.
        seed: the seed of that latent; None if the latent was given in another way.
        class_: a class's name, or weights by name; None for a model without classes.
    """

    pixels: Pixels
    latent: Floats | None = None
    seed: int | None = None
    class_: str | dict[str, float] | None = None

    @property
    def token_reference(self) -> dict[str, Any] | None:
        """The latent as JSON, by its token. Sent back unchanged, it generates the same image."""
        return None if self.latent is None else self._with_class({"token": latents.to_token(self.latent)})

    @property
    def shortest_reference(self) -> dict[str, Any] | None:
        """The latent as JSON: its seed if it has one, else its token."""
        return self.token_reference if self.seed is None else self._with_class({"seed": self.seed})

    def _with_class(self, reference: dict[str, Any]) -> dict[str, Any]:
        return reference if self.class_ is None else reference | {"class": self.class_}


@dataclass(frozen=True)
class Animation:
    """How frames follow each other; see `codecs.animate`."""

    fps: int
    loop: bool


@dataclass(frozen=True)
class Metadata:
    """What a file records about its origin, beside its latents.

    Attributes:
        digest: SHA-256 of the generator's network.
        truncation: of the latents that seeds generated.
    """

    digest: str
    truncation: float = 1.0


@dataclass(frozen=True)
class OutputSpec:
    """What the images of one response or file become. Hashable: equal specifications give equal bytes.

    Attributes:
        model: `name@version`, which JSON names.
        format: a key of `formats.MEDIA_TYPES`.
        columns: of the grid.
        animation: how frames follow each other; None for images that are not frames.
        metadata: what files record about their origin; None records nothing.
    """

    model: str
    format: str
    columns: int = 1
    animation: Animation | None = None
    metadata: Metadata | None = None

    @property
    def has_files(self) -> bool:
        """Whether the format holds one file per image."""
        return self.format in ("zip", "json")


class EncodedImage(NamedTuple):
    """An image, and its own PNG file if the format holds one file per image."""

    image: OutputImage
    file: bytes


def grid_columns(count: int, columns: int | None, default: int) -> int:
    """The columns of a grid of `count` images.

    Raises:
        Invalid: more columns than images.
    """
    if columns is not None and columns > count:
        raise Invalid(f"columns is {columns}, but there are only {count} images")
    return columns or default


def encode_one(image: OutputImage, form: str, metadata: Metadata | None) -> bytes:
    """One image as a file of its own.

    Args:
        image: the image.
        form: `png`, `jpeg` or `webp`.
        metadata: what the file records; None records nothing.
    """
    return codecs.encode(image.pixels, form, _label([image], metadata))  # type: ignore[arg-type]  # a still format


def encode_each(images: Sequence[OutputImage], spec: OutputSpec) -> list[EncodedImage]:
    """Images of a response, each with its own file if the format holds one file per image."""
    return [EncodedImage(image, encode_one(image, "png", spec.metadata) if spec.has_files else b"") for image in images]


def assemble(images: Sequence[EncodedImage], spec: OutputSpec) -> bytes:
    """At least one image as the bytes of a response.

    Raises:
        Invalid: npy of images of different sizes.
        TooLarge: the format does not allow as many pixels per side.
    """
    return _ASSEMBLERS.get(spec.format, _image)(images, spec)


def encode(images: Sequence[OutputImage], spec: OutputSpec) -> bytes:
    """Images as the bytes of a response; raises as `assemble` does."""
    return assemble(encode_each(images, spec), spec)


def _label(
    images: Sequence[OutputImage], metadata: Metadata | None, columns: int = 1, animation: Animation | None = None
) -> Label | None:
    if metadata is None:
        return None
    references = [reference for image in images if (reference := image.shortest_reference) is not None]
    motion = None if animation is None else (animation.fps, animation.loop)
    return provenance.label(metadata.digest, references, metadata.truncation, columns, motion)


def _image(images: Sequence[EncodedImage], spec: OutputSpec) -> bytes:
    pixels = [each.image.pixels for each in images]
    animation = spec.animation if spec.format in ("gif", "apng", "webp") else None
    label = _label([each.image for each in images], spec.metadata, spec.columns, animation)
    if animation is not None:
        return codecs.animate(np.stack(pixels), spec.format, animation.fps, animation.loop, label)  # type: ignore[arg-type]  # checked above
    if len(pixels) == 1:
        return codecs.encode(pixels[0], spec.format, label)  # type: ignore[arg-type]  # negotiated among these
    return codecs.encode(collage(pixels, spec.columns), spec.format, label)  # type: ignore[arg-type]  # likewise


def _zip(images: Sequence[EncodedImage], spec: OutputSpec) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # PNGs are compressed already
        for index, (image, file) in enumerate(images):
            suffix = "" if image.seed is None else f"-seed{image.seed}"
            archive.writestr(zipfile.ZipInfo(f"{index:04d}{suffix}.png", _ENTRY_TIME), file)
    return buffer.getvalue()


def _json(images: Sequence[EncodedImage], spec: OutputSpec) -> bytes:
    documents = [
        {
            "seed": image.seed,
            "latent": image.token_reference,
            "class": image.class_,
            "content_type": MEDIA_TYPES["png"],
            "data": base64.b64encode(file).decode(),
        }
        for image, file in images
    ]
    return json.dumps({"model": spec.model, "images": documents}, separators=(",", ":")).encode()


def _npy(images: Sequence[EncodedImage], spec: OutputSpec) -> bytes:
    buffer = io.BytesIO()
    pixels = [each.image.pixels for each in images]
    if len({array.shape for array in pixels}) > 1:
        raise Invalid("npy holds images of one size and kind only; use format=zip or format=json")
    np.save(buffer, np.stack(pixels), allow_pickle=False)
    return buffer.getvalue()


_ASSEMBLERS: dict[str, Callable[[Sequence[EncodedImage], OutputSpec], bytes]] = {
    "zip": _zip,
    "json": _json,
    "npy": _npy,
}
