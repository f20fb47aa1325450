"""The responses of the service as values, with images as Pillow images."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, overload

from PIL import Image

from ganvas_client.latents import Latent, of_json


@dataclass(frozen=True)
class File:
    """An image, an animation or an archive from the service.

    Attributes:
        data: bytes of the file.
        content_type: media type, such as `image/png`.
        model: `name@version` that generated it.
        seeds: seeds of the images; empty if they come from other latents.
    """

    data: bytes = field(repr=False)
    content_type: str
    model: str
    seeds: tuple[int, ...] = ()

    @cached_property
    def image(self) -> Image.Image:
        """The image; use Pillow's `seek` for the other frames of an animation."""
        return Image.open(io.BytesIO(self.data))

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the file unchanged, including the metadata with its provenance."""
        Path(path).write_bytes(self.data)


@dataclass(frozen=True)
class Picture(File):
    """A generated image.

    Attributes:
        seed: seed of the latent; None for other latents.
        latent: the exact latent, which generates the same image again.
        class_: a name, or names with weights, for a conditional model.
    """

    seed: int | None = None
    latent: Latent | None = None
    class_: str | Mapping[str, float] | None = field(default=None, hash=False)

    def __hash__(self) -> int:
        return hash((self.data, self.model))


@dataclass(frozen=True)
class Pictures:
    """Generated images, in order."""

    model: str
    pictures: tuple[Picture, ...]

    @property
    def image(self) -> Image.Image:
        """The first image."""
        return self.pictures[0].image

    @property
    def images(self) -> list[Image.Image]:
        """All images."""
        return [picture.image for picture in self.pictures]

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Picture]:
        return iter(self.pictures)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Picture, ...]: ...
    def __getitem__(self, index: int | slice) -> Picture | tuple[Picture, ...]:
        return self.pictures[index]

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> Pictures:
        """Reads a JSON response."""
        model = document["model"]
        return cls(model, tuple(_image(entry, model) for entry in document["images"]))


def _image(entry: Mapping[str, Any], model: str) -> Picture:
    seed, latent = entry["seed"], entry["latent"]
    return Picture(
        base64.b64decode(entry["data"]),
        entry["content_type"],
        model,
        () if seed is None else (seed,),
        seed,
        None if latent is None else of_json(latent),
        entry["class"],
    )


@dataclass(frozen=True)
class Frame(File):
    """A frame of a streamed interpolation.

    Attributes:
        index: 0-based index.
        of: number of frames of the interpolation.
    """

    index: int = 0
    of: int = 0


@dataclass(frozen=True)
class Translation(File):
    """A translated image.

    Attributes:
        cycle_error: mean absolute error after translating back, 0 to 255; None unless requested.
    """

    cycle_error: float | None = None


@dataclass(frozen=True)
class Judgement:
    """A discriminator's rating of an image.

    Attributes:
        model: `name@version`.
        score: logit of a discriminator, or score of a critic.
        probability: probability of being real, 0 to 1; None for a critic.
    """

    model: str
    score: float
    probability: float | None


@dataclass(frozen=True)
class Size:
    """Size of a model's images, in px."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Card:
    """The card of a served model version; `raw` contains all fields, and `manifest` if one model was requested."""

    name: str
    version: int
    task: str
    method: str
    description: str
    digest: str
    engine: str
    precision: str
    image: Size
    latent_dim: int | None
    distribution: str | None
    classes: tuple[str, ...] | None
    directions: tuple[str, ...]
    networks: tuple[str, ...]
    licence: str
    data_terms: str
    source: str | None
    target: str | None
    inverse: str | None
    multiple: int | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Card:
        """Reads a JSON response; fields unknown to this version are in `raw` only."""
        plain = ("name", "version", "task", "method", "description", "digest", "engine", "precision")
        size, latent = raw["image"], raw["latent"]
        return cls(
            **{name: raw[name] for name in plain},
            image=Size(size["height"], size["width"], size["channels"]),
            latent_dim=latent and latent["dim"],
            distribution=latent and latent["distribution"],
            classes=None if raw["classes"] is None else tuple(raw["classes"]),
            directions=tuple(raw["directions"]),
            networks=tuple(raw["networks"]),
            licence=raw["licence"],
            data_terms=raw["data_terms"],
            source=raw.get("source"),
            target=raw.get("target"),
            inverse=raw.get("inverse"),
            multiple=raw.get("multiple"),
            raw=raw,
        )


@dataclass(frozen=True)
class Skipped:
    """A model package that is not served, and the reason."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class Models:
    """The served model versions and the skipped packages."""

    cards: tuple[Card, ...]
    skipped: tuple[Skipped, ...]

    def __iter__(self) -> Iterator[Card]:
        return iter(self.cards)

    def __len__(self) -> int:
        return len(self.cards)

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Models:
        """Reads a JSON response."""
        skipped = tuple(Skipped(entry["name"], entry["version"], entry["reason"]) for entry in raw["skipped"])
        return cls(tuple(map(Card.of_json, raw["models"])), skipped)
