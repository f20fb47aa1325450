"""What the service answers, as values; pictures are Pillow's."""

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
    """A picture, an animation or an archive, as the service sent it.

    Attributes:
        data: the file's bytes.
        content_type: such as `image/png`.
        model: `name@version` that made it.
        seeds: that drew it, where seeds did.
    """

    data: bytes = field(repr=False)
    content_type: str
    model: str
    seeds: tuple[int, ...] = ()

    @cached_property
    def image(self) -> Image.Image:
        """The picture; of an animation, Pillow's `seek` gives the other frames."""
        return Image.open(io.BytesIO(self.data))

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the file as it came, with the metadata that tell where it came from."""
        Path(path).write_bytes(self.data)


@dataclass(frozen=True)
class Picture(File):
    """A drawn picture.

    Attributes:
        seed: that drew it, where one did.
        latent: draws it again; exact.
        class_: a name, or names with their weights, for a conditional model.
    """

    seed: int | None = None
    latent: Latent | None = None
    class_: str | Mapping[str, float] | None = field(default=None, hash=False)

    def __hash__(self) -> int:
        return hash((self.data, self.model))


@dataclass(frozen=True)
class Pictures:
    """Drawn pictures, in order."""

    model: str
    pictures: tuple[Picture, ...]

    @property
    def image(self) -> Image.Image:
        """The first picture."""
        return self.pictures[0].image

    @property
    def images(self) -> list[Image.Image]:
        """Every picture."""
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
        """A JSON answer."""
        model = document["model"]
        return cls(model, tuple(_picture(entry, model) for entry in document["images"]))


def _picture(entry: Mapping[str, Any], model: str) -> Picture:
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
    """One frame of a walk that is drawn while it is sent.

    Attributes:
        index: from 0.
        of: frames of the whole walk.
    """

    index: int = 0
    of: int = 0


@dataclass(frozen=True)
class Translation(File):
    """A translated picture.

    Attributes:
        cycle_error: mean absolute error of the way there and back, 0 to 255, where it was asked for.
    """

    cycle_error: float | None = None


@dataclass(frozen=True)
class Judgement:
    """What a discriminator says.

    Attributes:
        model: `name@version`.
        score: the raw logit, or a critic's value.
        probability: of being real; None for a critic.
    """

    model: str
    score: float
    probability: float | None


@dataclass(frozen=True)
class Size:
    """Of a model's pictures, in px."""

    height: int
    width: int
    channels: int


@dataclass(frozen=True)
class Card:
    """A served version of a model; `raw` holds everything, `manifest` included where one model was asked for."""

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
        """A JSON answer; fields that this version does not know are in `raw` alone."""
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
    """A package that is not served, and why."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class Models:
    """Every served version, and every package that was skipped."""

    cards: tuple[Card, ...]
    skipped: tuple[Skipped, ...]

    def __iter__(self) -> Iterator[Card]:
        return iter(self.cards)

    def __len__(self) -> int:
        return len(self.cards)

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> Models:
        """A JSON answer."""
        skipped = tuple(Skipped(entry["name"], entry["version"], entry["reason"]) for entry in raw["skipped"])
        return cls(tuple(map(Card.of_json, raw["models"])), skipped)
