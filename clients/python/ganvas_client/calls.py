"""The calls of the service as values: a request and the function that reads its response. Sends nothing."""

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
"""An image: a path, the bytes of a file, or a Pillow image."""
Method = Literal["slerp", "lerp"]
Fit = Literal["pad", "resize"]
ImageFormat = Literal["png", "jpeg", "webp", "zip", "json", "npy"]
InterpolationFormat = Literal["png", "jpeg", "webp", "gif", "apng", "zip", "json", "npy"]

_JSON = "application/json"
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")  # Pillow modes that PNG can store


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """A request and the function that reads its response."""

    method: str
    path: str
    read: Callable[[httpx.Response], T_co]
    query: Mapping[str, str | int | float] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    content: bytes | None = None
    files: Sequence[tuple[str, tuple[str, bytes]]] | None = None
    accept: str = _JSON

    def of(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Builds the request for an httpx client."""
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
    """The body of a sample request."""
    body: dict[str, Any] = {"truncation": truncation, **class_json(class_)}
    sources: dict[str, Any] = {"n": n, "seeds": seeds and list(seeds), "latents": latents and _jsons(latents)}
    return body | {name: value for name, value in sources.items() if value is not None}


def interpolate_body(
    keyframes: Sequence[Latent], steps: int, method: Method, loop: bool, fps: int, class_: Class | None
) -> dict[str, Any]:
    """The body of an interpolate request.

    Raises:
        ValueError: there are fewer than two keyframes.
    """
    if len(keyframes) < 2:
        raise ValueError("an interpolation needs at least two latents")
    fields = {"keyframes": _jsons(keyframes), "steps": steps, "method": method, "loop": loop, "fps": fps}
    return fields | class_json(class_)


def arithmetic_body(
    expression: Summand, variations: int, jitter: float, seed: int | None, class_: Class | None
) -> dict[str, Any]:
    """The body of an arithmetic request."""
    fields = (1.0 * expression).json() | {"variations": variations, "jitter": jitter} | class_json(class_)
    return fields if seed is None else fields | {"seed": seed}


def _jsons(latents: Sequence[Latent]) -> list[dict[str, Any]]:
    return [latent.json() for latent in latents]


def images(model: str, call: str, body: Mapping[str, Any]) -> Call[Pictures]:
    """A call with a JSON response of separate images."""
    return Call("POST", _path(model, call), lambda response: Pictures.of_json(_json(response)), json=body)


def file(model: str, call: str, body: Mapping[str, Any], format_: str, columns: int | None) -> Call[File]:
    """A call with a response of one file."""
    shape = {} if columns is None else {"columns": columns}
    return Call("POST", _path(model, call), _file, query={"format": format_}, json={**body, **shape}, accept="*/*")


def stream(model: str, body: Mapping[str, Any]) -> Call[httpx.Response]:
    """An interpolate call with a response of server-sent events."""
    path = _path(model, "interpolate")
    return Call("POST", path, lambda response: response, json=body, accept="text/event-stream")


def translate(model: str, upload: Readable, fit: Fit, cycle: bool) -> Call[Translation]:
    """A translate call with one image."""

    def read(response: httpx.Response) -> Translation:
        errors = _cycle_errors(response, 1)
        return Translation(response.content, _content_type(response), response.headers["x-model"], (), errors[0])

    query = {"fit": fit, "cycle": str(cycle).lower()}
    return Call("POST", _path(model, "translate"), read, query, content=to_bytes(upload), accept="image/png")


def translate_all(model: str, uploads: Sequence[Readable], fit: Fit, cycle: bool) -> Call[list[Translation]]:
    """A translate call with several images."""

    def read(response: httpx.Response) -> list[Translation]:
        images = Pictures.of_json(_json(response))
        errors = _cycle_errors(response, len(images))
        pairs = zip(images, errors, strict=True)
        return [Translation(own.data, own.content_type, own.model, (), error) for own, error in pairs]

    files = [("image", (f"{index}.png", to_bytes(upload))) for index, upload in enumerate(uploads)]
    return Call("POST", _path(model, "translate"), read, {"fit": fit, "cycle": str(cycle).lower()}, files=files)


def discriminate(model: str, upload: Readable, class_: int | str | None) -> Call[Judgement]:
    """A discriminate call."""

    def read(response: httpx.Response) -> Judgement:
        fields = _json(response)
        return Judgement(fields["model"], fields["score"], fields["probability"])

    query = {} if class_ is None else {"class": class_}
    return Call("POST", _path(model, "discriminate"), read, query, content=to_bytes(upload))


def encode(model: str, upload: Readable) -> Call[Latent]:
    """An encode call."""
    path = _path(model, "encode")
    return Call("POST", path, lambda response: of_json(_json(response)["latent"]), content=to_bytes(upload))


def models() -> Call[Models]:
    """A call that lists the models."""
    return Call("GET", "/v1/models", lambda response: Models.of_json(_json(response)))


def model(name: str) -> Call[Card]:
    """A call for a model's card."""
    return Call("GET", _path(name), lambda response: Card.of_json(_json(response)))


def preview(name: str) -> Call[Image.Image]:
    """A call for a model's preview image."""

    def read(response: httpx.Response) -> Image.Image:
        return Image.open(io.BytesIO(response.content))

    return Call("GET", _path(name, "preview"), read, accept="image/png")


def reproduce(file_: str | PathLike[str] | bytes, format_: InterpolationFormat | None) -> Call[File]:
    """A call that generates a file of the service again."""
    query = {} if format_ is None else {"format": format_}
    return Call("POST", "/v1/reproduce", _file, query, content=to_bytes(file_), accept="*/*")


def to_bytes(upload: Readable) -> bytes:
    """The bytes of an image file; a Pillow image is encoded as PNG."""
    if isinstance(upload, bytes):
        return upload
    if not isinstance(upload, Image.Image):
        return Path(upload).read_bytes()
    image = upload if upload.mode in _MODES else upload.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _path(model: str, call: str = "") -> str:
    path = f"/v1/models/{quote(model, safe='@')}"
    return f"{path}/{call}" if call else path


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as fault:
        raise BrokenAnswer("the response is not JSON; is this a Ganvas service?") from fault


def _file(response: httpx.Response) -> File:
    seeds = response.headers.get("x-seed", "")
    numbers = tuple(int(seed) for seed in seeds.split(",") if seed)
    return File(response.content, _content_type(response), response.headers.get("x-model", ""), numbers)


def _content_type(response: httpx.Response) -> str:
    text: str = response.headers.get("content-type", "")
    return text.partition(";")[0]


def _cycle_errors(response: httpx.Response, count: int) -> list[float] | list[None]:
    values = response.headers.get("x-cycle-error")
    return [None] * count if values is None else [float(value) for value in values.split(",")]


def read(call: Call[T], response: httpx.Response) -> T:
    """Reads a successful response.

    Raises:
        BrokenAnswer: the response does not match the API contract.
    """
    try:
        return call.read(response)
    except (KeyError, TypeError, ValueError) as fault:
        raise BrokenAnswer(f"{call.path} returned a response that this client cannot read: {fault!r}") from fault


def error(response: httpx.Response) -> ProblemError:
    """The error of an unsuccessful response."""
    try:
        document: object = response.json()
    except ValueError:
        document = None
    return of_document(document, response.status_code, response.headers.get("x-request-id"))
