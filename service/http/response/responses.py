"""From drawn pictures to a response: one format of many, the common headers, and the times of the phases.

Encoding runs in worker threads, never on the event loop.
"""

import base64
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
from fastapi import Request, Response

from service.errors import Invalid
from service.http.request.negotiation import MEDIA_TYPES
from service.imaging import codecs
from service.imaging.codecs import Label, Pixels
from service.inference.batcher import Result
from service.inference.session import engine_version
from service.pipelines import provenance as origin
from service.repository.loaded_model import LoadedModel

_MOST_SEEDS = 128
T = TypeVar("T")


@dataclass
class Clock:
    """Seconds of a request's phases; `total` runs from its making."""

    started: float = field(default_factory=time.perf_counter)
    phases: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times what runs inside it."""
        started = time.perf_counter()
        yield
        self.phases[name] = time.perf_counter() - started

    async def inference(self, work: Awaitable[Result[T]]) -> T:
        """Times a batcher's work: what was waited for, the inference, and what was made of it."""
        result = await work
        self.passed(result)
        return result.output

    def passed(self, result: Result[object]) -> None:
        """Notes the phases of a batcher's work that is just done.

        All else that has passed was waited for: for the event loop, for the latents, for other batches.
        """
        so_far = time.perf_counter() - self.started - sum(self.phases.values())
        self.phases["queue"] = max(0.0, so_far - result.infer_s - result.finish_s)
        self.phases["infer"] = result.infer_s
        if result.finish_s:
            self.phases["encode"] = result.finish_s

    def header(self) -> str:
        """The Server-Timing header, in milliseconds; what lies between the phases belongs to the last of them."""
        total = time.perf_counter() - self.started
        phases = dict(self.phases)
        if last := next(reversed(phases), None):
            phases[last] += max(0.0, total - sum(phases.values()))
        phases["total"] = total
        return ", ".join(f"{name};dur={1000 * seconds:.2f}" for name, seconds in phases.items())


@dataclass(frozen=True)
class Picture:
    """One picture and where it came from.

    Attributes:
        pixels: (H, W, C) uint8.
        latent: what a client may send back to see it again; None where no latent drew it.
        seed: the seed that drew it, where one did.
        class_: its class or blend of classes, for a conditional model.
    """

    pixels: Pixels
    latent: dict[str, Any] | None
    seed: int | None
    class_: str | dict[str, float] | None

    @property
    def origin(self) -> dict[str, Any] | None:
        """The shortest latent that draws it again: its seed, where it has one."""
        if self.seed is None or self.latent is None:
            return self.latent
        return {"seed": self.seed} | ({} if self.class_ is None else {"class": self.class_})


class Prepared(NamedTuple):
    """A picture of an answer, and its own PNG file where the answer holds one."""

    picture: Picture
    file: bytes


@dataclass(frozen=True)
class Animation:
    """How frames follow each other; see `images.animate`."""

    fps: int
    loop: bool


@dataclass(frozen=True)
class Layout:
    """How several pictures are answered.

    Attributes:
        columns: of a grid.
        animation: for frames; None for pictures that are not.
        truncation: of the latents that seeds drew, which files tell about; None where files shall tell nothing.
    """

    columns: int
    animation: Animation | None = None
    truncation: float | None = None


def layout(count: int, columns: int | None, default: int) -> Layout:
    """The grid of so many pictures.

    Raises:
        Invalid: more columns than pictures.
    """
    if columns is not None and columns > count:
        raise Invalid(f"columns is {columns}, but there are {count} pictures only")
    return Layout(columns or default)


def respond(model: LoadedModel, body: bytes, form: str, seeds: Sequence[int], clock: Clock) -> Response:
    """The response of an encoded answer.

    Args:
        model: what drew it.
        body: what `assemble` gave.
        form: a key of MEDIA_TYPES.
        seeds: for X-Seed; empty where no seed drew.
        clock: of the request.
    """
    return Response(body, 200, headers(model, seeds, clock), MEDIA_TYPES[form])


def headers(model: LoadedModel, seeds: Sequence[int], clock: Clock) -> dict[str, str]:
    """The headers of every answer with pictures; more than 128 seeds are left out of X-Seed."""
    common = {"X-Model": model.name, "Server-Timing": clock.header(), "Vary": "Accept"}
    # Proxies refuse an answer whose headers are larger than a few kB; JSON answers hold every seed in any case.
    if 0 < len(seeds) <= _MOST_SEEDS:
        common["X-Seed"] = ",".join(map(str, seeds))
    return common


def prepare(model: LoadedModel, picture: Picture, form: str, shape: Layout) -> Prepared:
    """One picture of an answer, with its own file where the answer holds one file a picture."""
    return Prepared(picture, encode_alone(model, picture, shape) if form in ("zip", "json") else b"")


def assemble(model: LoadedModel, pictures: Sequence[Prepared], form: str, shape: Layout) -> bytes:
    """Pictures as the bytes of an answer. Takes long: not for the event loop.

    Args:
        model: what drew them.
        pictures: at least one.
        form: a key of MEDIA_TYPES.
        shape: of a grid or an animation.
    """
    return _ASSEMBLERS.get(form, _picture)(model, pictures, form, shape)


def etag(model: LoadedModel, *what: object) -> str:
    """A strong ETag of an answer that is a function of the model and `what`, known before anything is drawn."""
    engine = (model.engine, engine_version(), model.precision)
    parts = (model.manifest.digest, *engine, codecs.codec_versions(), origin.SOFTWARE, *what)
    return '"' + hashlib.sha256(repr(parts).encode()).hexdigest()[:32] + '"'


def not_modified(request: Request, tag: str) -> bool:
    """Whether the client holds the answer of this ETag already (RFC 9110, section 13.1.2)."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in held.split(","))


def _label(model: LoadedModel, pictures: Sequence[Picture], shape: Layout, moving: bool = False) -> Label | None:
    if shape.truncation is None:
        return None
    latents = [picture.origin for picture in pictures if picture.origin is not None]
    animation = (shape.animation.fps, shape.animation.loop) if moving and shape.animation else None
    return origin.label(model.manifest.digest, latents, shape.truncation, shape.columns, animation)


def encode_alone(model: LoadedModel, picture: Picture, shape: Layout, form: str = "png") -> bytes:
    """One picture of several, as a file of its own."""
    return codecs.encode(picture.pixels, form, _label(model, [picture], replace(shape, columns=1)))  # type: ignore[arg-type]  # a still format


def _picture(model: LoadedModel, pictures: Sequence[Prepared], form: str, shape: Layout) -> bytes:
    moving = shape.animation is not None and form in ("gif", "apng", "webp")
    label = _label(model, [each.picture for each in pictures], shape, moving)
    pixels = [each.picture.pixels for each in pictures]
    if shape.animation is not None and moving:
        return codecs.animate(np.stack(pixels), form, shape.animation.fps, shape.animation.loop, label)  # type: ignore[arg-type]  # checked above
    if len(pixels) == 1:
        return codecs.encode(pixels[0], form, label)  # type: ignore[arg-type]  # negotiated among these
    return codecs.encode(codecs.collage(pixels, shape.columns), form, label)  # type: ignore[arg-type]  # likewise


def _zip(model: LoadedModel, pictures: Sequence[Prepared], form: str, shape: Layout) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # PNGs are compressed already
        for index, (picture, file) in enumerate(pictures):
            tail = "" if picture.seed is None else f"-seed{picture.seed}"
            # A fixed time, so that the same pictures give the same bytes.
            entry = zipfile.ZipInfo(f"{index:04d}{tail}.png", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, file)
    return buffer.getvalue()


def _json(model: LoadedModel, pictures: Sequence[Prepared], form: str, shape: Layout) -> bytes:
    documents = [
        {
            "seed": picture.seed,
            "latent": picture.latent,
            "class": picture.class_,
            "content_type": MEDIA_TYPES["png"],
            "data": base64.b64encode(file).decode(),
        }
        for picture, file in pictures
    ]
    return json.dumps({"model": model.name, "images": documents}, separators=(",", ":")).encode()


def _npy(model: LoadedModel, pictures: Sequence[Prepared], form: str, shape: Layout) -> bytes:
    buffer = io.BytesIO()
    pixels = [each.picture.pixels for each in pictures]
    if len({array.shape for array in pixels}) > 1:
        raise Invalid("npy holds pictures of one size and kind only; use format=zip or format=json")
    np.save(buffer, np.stack(pixels), allow_pickle=False)
    return buffer.getvalue()


_Assembler = Callable[[LoadedModel, Sequence[Prepared], str, Layout], bytes]
_ASSEMBLERS: dict[str, _Assembler] = {"zip": _zip, "json": _json, "npy": _npy}
