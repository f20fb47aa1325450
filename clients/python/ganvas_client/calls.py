"""Each call of the service as a value: the request, and how its answer is read. Sends nothing."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import httpx
from PIL import Image

from ganvas_client.errors import BrokenAnswer, ProblemError, of_document
from ganvas_client.latents import Class, Latent, Summand, class_json, of_json
from ganvas_client.results import Card, File, Judgement, Models, Pictures, Translation

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Readable = str | PathLike[str] | bytes | Image.Image
"""A picture: a path, a file's bytes, or Pillow's."""
Method = Literal["slerp", "lerp"]
Fit = Literal["pad", "resize"]
PictureFormat = Literal["png", "jpeg", "webp", "zip", "json", "npy"]
WalkFormat = Literal["png", "jpeg", "webp", "gif", "apng", "zip", "json", "npy"]

_JSON = "application/json"
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # that PNG holds


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """A request, and how its answer is read."""

    method: str
    path: str
    read: Callable[[httpx.Response], T_co]
    query: Mapping[str, str | int | float] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    content: bytes | None = None
    files: Sequence[tuple[str, tuple[str, bytes]]] | None = None
    accept: str = _JSON

    def of(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The request of a client."""
        return client.build_request(
            self.method,
            self.path,
            params=dict(self.query) or None,
            json=self.json,
            content=self.content,
            files=list(self.files) if self.files is not None else None,
            headers={"Accept": self.accept},
        )


def sample_body(
    n: int | None,
    seeds: Sequence[int] | None,
    latents: Sequence[Latent] | None,
    class_: Class | None,
    truncation: float,
) -> dict[str, Any]:
    """What to sample."""
    body: dict[str, Any] = {"truncation": truncation, **class_json(class_)}
    sources: dict[str, Any] = {"n": n, "seeds": seeds and list(seeds), "latents": latents and _jsons(latents)}
    return body | {name: value for name, value in sources.items() if value is not None}


def walk_body(
    keyframes: Sequence[Latent], steps: int, method: Method, loop: bool, fps: int, class_: Class | None
) -> dict[str, Any]:
    """A walk.

    Raises:
        ValueError: it has no two ends.
    """
    if len(keyframes) < 2:
        raise ValueError("a walk needs two latents or more")
    fields = {"keyframes": _jsons(keyframes), "steps": steps, "method": method, "loop": loop, "fps": fps}
    return fields | class_json(class_)


def arithmetic_body(
    expression: Summand, variations: int, jitter: float, seed: int | None, class_: Class | None
) -> dict[str, Any]:
    """A sum, and what is drawn around it."""
    fields = (1.0 * expression).json() | {"variations": variations, "jitter": jitter} | class_json(class_)
    return fields if seed is None else fields | {"seed": seed}


def _jsons(latents: Sequence[Latent]) -> list[dict[str, Any]]:
    return [latent.json() for latent in latents]


def pictures(model: str, call: str, body: Mapping[str, Any]) -> Call[Pictures]:
    """A call whose pictures come one by one."""
    return Call("POST", _path(model, call), lambda answer: Pictures.of_json(_json(answer)), json=body)


def file(model: str, call: str, body: Mapping[str, Any], form: str, columns: int | None) -> Call[File]:
    """The same call, answered as one file."""
    shape = {} if columns is None else {"columns": columns}
    return Call("POST", _path(model, call), _file, query={"format": form}, json={**body, **shape}, accept="*/*")


def stream(model: str, body: Mapping[str, Any]) -> Call[httpx.Response]:
    """A walk whose frames come as they are drawn."""
    path = _path(model, "interpolate")
    return Call("POST", path, lambda answer: answer, json=body, accept="text/event-stream")


def translate(model: str, picture: Readable, fit: Fit, cycle: bool) -> Call[Translation]:
    """One picture translated."""

    def read(answer: httpx.Response) -> Translation:
        errors = _cycle_errors(answer, 1)
        return Translation(answer.content, _content_type(answer), answer.headers["x-model"], (), errors[0])

    query = {"fit": fit, "cycle": str(cycle).lower()}
    return Call("POST", _path(model, "translate"), read, query, content=to_bytes(picture), accept="image/png")


def translate_all(model: str, given: Sequence[Readable], fit: Fit, cycle: bool) -> Call[list[Translation]]:
    """Several pictures translated in one request."""

    def read(answer: httpx.Response) -> list[Translation]:
        found = Pictures.of_json(_json(answer))
        errors = _cycle_errors(answer, len(found))
        pairs = zip(found, errors, strict=True)
        return [Translation(own.data, own.content_type, own.model, (), error) for own, error in pairs]

    files = [("image", (f"{index}.png", to_bytes(picture))) for index, picture in enumerate(given)]
    return Call("POST", _path(model, "translate"), read, {"fit": fit, "cycle": str(cycle).lower()}, files=files)


def discriminate(model: str, picture: Readable, class_: int | str | None) -> Call[Judgement]:
    """How real a picture is."""

    def read(answer: httpx.Response) -> Judgement:
        found = _json(answer)
        return Judgement(found["model"], found["score"], found["probability"])

    query = {} if class_ is None else {"class": class_}
    return Call("POST", _path(model, "discriminate"), read, query, content=to_bytes(picture))


def encode(model: str, picture: Readable) -> Call[Latent]:
    """The latent of a picture."""
    path = _path(model, "encode")
    return Call("POST", path, lambda answer: of_json(_json(answer)["latent"]), content=to_bytes(picture))


def models() -> Call[Models]:
    """What is served."""
    return Call("GET", "/v1/models", lambda answer: Models.of_json(_json(answer)))


def model(name: str) -> Call[Card]:
    """One model."""
    return Call("GET", _path(name), lambda answer: Card.of_json(_json(answer)))


def preview(name: str) -> Call[Image.Image]:
    """A model's preview picture."""

    def read(answer: httpx.Response) -> Image.Image:
        return Image.open(io.BytesIO(answer.content))

    return Call("GET", _path(name, "preview"), read, accept="image/png")


def reproduce(made: str | PathLike[str] | bytes, form: WalkFormat | None) -> Call[File]:
    """A file of the service, drawn again."""
    query = {} if form is None else {"format": form}
    return Call("POST", "/v1/reproduce", _file, query, content=to_bytes(made), accept="*/*")


def to_bytes(picture: Readable) -> bytes:
    """A picture's file; what Pillow holds goes as PNG."""
    if isinstance(picture, bytes):
        return picture
    if not isinstance(picture, Image.Image):
        return Path(picture).read_bytes()
    image = picture if picture.mode in _MODES else picture.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _path(model: str, call: str = "") -> str:
    path = f"/v1/models/{quote(model, safe='@')}"
    return f"{path}/{call}" if call else path


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as fault:
        raise BrokenAnswer("the answer is no JSON; is this a Ganvas service?") from fault


def _file(answer: httpx.Response) -> File:
    seeds = answer.headers.get("x-seed", "")
    numbers = tuple(int(seed) for seed in seeds.split(",") if seed)
    return File(answer.content, _content_type(answer), answer.headers.get("x-model", ""), numbers)


def _content_type(answer: httpx.Response) -> str:
    text: str = answer.headers.get("content-type", "")
    return text.partition(";")[0]


def _cycle_errors(answer: httpx.Response, count: int) -> list[float] | list[None]:
    found = answer.headers.get("x-cycle-error")
    return [None] * count if found is None else [float(part) for part in found.split(",")]


def read(call: Call[T], answer: httpx.Response) -> T:
    """What an answer says.

    Raises:
        BrokenAnswer: it is not what the contract says.
    """
    try:
        return call.read(answer)
    except (KeyError, TypeError, ValueError) as fault:
        raise BrokenAnswer(f"{call.path} answered what this client does not understand: {fault!r}") from fault


def error(answer: httpx.Response) -> ProblemError:
    """The error of an answer that is none of success."""
    try:
        document: object = answer.json()
    except ValueError:
        document = None
    return of_document(document, answer.status_code, answer.headers.get("x-request-id"))
