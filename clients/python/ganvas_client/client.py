"""The synchronous client; `aio` contains the same client for asyncio."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from types import TracebackType
from typing import Self, TypeVar

import httpx
from PIL import Image

from ganvas_client import calls, errors
from ganvas_client.calls import Call, Fit, ImageFormat, InterpolationFormat, Method, Readable
from ganvas_client.events import Frames
from ganvas_client.latents import Class, Latent, Summand
from ganvas_client.results import Card, File, Frame, Judgement, Models, Pictures, Translation
from ganvas_client.retries import Retries

T = TypeVar("T")


class Client:
    """Client for one service. Thread-safe."""

    def __init__(
        self,
        url: str = "http://localhost:8000",
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Creates a client without opening a connection.

        Args:
            url: base URL of the service, including the path prefix of a proxy.
            api_key: sent as a bearer token.
            timeout_s: limit for connecting and for each read, in seconds.
            retries: policy for responses with status 429 or 503.
            transport: httpx transport, for proxies, certificates and tests.
        """
        self._retries = retries or Retries()
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def models(self) -> Models:
        """Lists the served model versions and the packages that were skipped."""
        return self._send(calls.models())

    def model(self, model: str) -> Card:
        """Returns the card of a model; its manifest is in `raw`."""
        return self._send(calls.model(model))

    def preview(self, model: str) -> Image.Image:
        """Returns the preview image of a model."""
        return self._send(calls.preview(model))

    def is_ready(self) -> bool:
        """Whether the service responds and has loaded its models."""
        try:
            return self._http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def sample(
        self,
        model: str,
        n: int | None = None,
        *,
        seeds: Sequence[int] | None = None,
        latents: Sequence[Latent] | None = None,
        class_: Class | None = None,
        truncation: float = 1.0,
    ) -> Pictures:
        """Generates images from `n` random seeds, from given seeds or from latents; one image by default.

        Args:
            model: `name` or `name@version`.
            n: number of random seeds; give at most one of `n`, `seeds` and `latents`.
            seeds: each 0 to 2^63 - 1.
            latents: seeds, vectors, tokens or means.
            class_: class for a conditional model; by default it follows from each seed.
            truncation: in (0, 1]; scales latents that come from seeds.

        Raises:
            ProblemError: the service refused the request; the subclass states the reason.
            ConnectionFailed: the service could not be reached.
        """
        body = calls.sample_body(n, seeds, latents, class_, truncation)
        return self._send(calls.images(model, "sample", body))

    def sample_file(
        self,
        model: str,
        n: int | None = None,
        *,
        seeds: Sequence[int] | None = None,
        latents: Sequence[Latent] | None = None,
        class_: Class | None = None,
        truncation: float = 1.0,
        format: ImageFormat = "png",  # noqa: A002  # name of the API's field
        columns: int | None = None,
    ) -> File:
        """Generates images as one file: a grid with `columns`, a zip, JSON or npy."""
        body = calls.sample_body(n, seeds, latents, class_, truncation)
        return self._send(calls.file(model, "sample", body, format, columns))

    def interpolate(
        self,
        model: str,
        *keyframes: Latent,
        steps: int = 8,
        method: Method = "slerp",
        loop: bool = False,
        class_: Class | None = None,
    ) -> Pictures:
        """Generates the frames of an interpolation between latents.

        Args:
            model: `name` or `name@version`.
            *keyframes: two or more latents.
            steps: frames per segment, including both ends.
            method: spherical (`slerp`) or linear (`lerp`) interpolation.
            loop: whether to return to the first keyframe.
            class_: class for latents without one.
        """
        body = calls.interpolate_body(keyframes, steps, method, loop, 12, class_)
        return self._send(calls.images(model, "interpolate", body))

    def interpolate_file(
        self,
        model: str,
        *keyframes: Latent,
        steps: int = 8,
        method: Method = "slerp",
        loop: bool = False,
        fps: int = 12,
        class_: Class | None = None,
        format: InterpolationFormat = "gif",  # noqa: A002  # name of the API's field
        columns: int | None = None,
    ) -> File:
        """Generates an interpolation as one file: an animation (gif, apng, webp) or a strip (png, jpeg)."""
        body = calls.interpolate_body(keyframes, steps, method, loop, fps, class_)
        return self._send(calls.file(model, "interpolate", body, format, columns))

    def stream(
        self,
        model: str,
        *keyframes: Latent,
        steps: int = 8,
        method: Method = "slerp",
        loop: bool = False,
        class_: Class | None = None,
    ) -> Iterator[Frame]:
        """Generates the frames of an interpolation and yields each as soon as it arrives."""
        call = calls.stream(model, calls.interpolate_body(keyframes, steps, method, loop, 12, class_))
        return self._frames(call)

    def arithmetic(
        self,
        model: str,
        expression: Summand,
        *,
        variations: int = 0,
        jitter: float = 0.25,
        seed: int | None = None,
        class_: Class | None = None,
    ) -> Pictures:
        """Generates the image of a sum of latents, such as `mean(seed(1), seed(2)) - seed(3) + 2 * direction("smile")`.

        Args:
            model: `name` or `name@version`.
            expression: latents and directions with their weights.
            variations: number of variations that follow the result.
            jitter: the strength of the variations.
            seed: seed of the variations.
            class_: class for a conditional model.
        """
        body = calls.arithmetic_body(expression, variations, jitter, seed, class_)
        return self._send(calls.images(model, "arithmetic", body))

    def arithmetic_file(
        self,
        model: str,
        expression: Summand,
        *,
        variations: int = 0,
        jitter: float = 0.25,
        seed: int | None = None,
        class_: Class | None = None,
        format: ImageFormat = "png",  # noqa: A002  # name of the API's field
        columns: int | None = None,
    ) -> File:
        """Generates the image of a sum of latents, and its variations, as one file."""
        body = calls.arithmetic_body(expression, variations, jitter, seed, class_)
        return self._send(calls.file(model, "arithmetic", body, format, columns))

    def translate(self, model: str, picture: Readable, *, fit: Fit = "pad", cycle: bool = False) -> Translation:
        """Translates an image from one domain to another.

        Args:
            model: a translator.
            picture: a path, the bytes of a file, or a Pillow image.
            fit: `pad` keeps the size; `resize` translates at the model's training resolution.
            cycle: whether to also translate back, which gives `cycle_error`.
        """
        return self._send(calls.translate(model, picture, fit, cycle))

    def translate_all(
        self, model: str, pictures: Sequence[Readable], *, fit: Fit = "pad", cycle: bool = False
    ) -> list[Translation]:
        """Translates several images in one request."""
        return self._send(calls.translate_all(model, pictures, fit, cycle))

    def discriminate(self, model: str, picture: Readable, *, class_: int | str | None = None) -> Judgement:
        """Rates how real an image looks to the model's discriminator."""
        return self._send(calls.discriminate(model, picture, class_))

    def encode(self, model: str, picture: Readable) -> Latent:
        """Predicts the latent of an image; the model needs an encoder."""
        return self._send(calls.encode(model, picture))

    def reproduce(
        self,
        file: str | PathLike[str] | bytes,
        *,
        format: InterpolationFormat | None = None,  # noqa: A002  # name of the API's field
    ) -> File:
        """Generates a file of the service again, from its metadata."""
        return self._send(calls.reproduce(file, format))

    def _send(self, call: Call[T]) -> T:
        with self._response(call, stream=False) as response:
            return calls.read(call, response)

    def _frames(self, call: Call[httpx.Response]) -> Iterator[Frame]:
        with self._response(call, stream=True) as response:
            frames = Frames(response.headers.get("x-model", ""))
            for line in response.iter_lines():
                frame = frames.feed(line)
                if frame is not None:
                    yield frame
            frames.end()

    @contextmanager
    def _response(self, call: Call[T], stream: bool) -> Iterator[httpx.Response]:
        """Sends a call, with retries, and provides the successful response."""
        retried = 0
        try:
            while True:
                response = self._http.send(call.of(self._http), stream=stream)
                wait_s = self._retries.wait_s(retried, response.status_code, response.headers)
                if wait_s is None:
                    break
                response.close()
                time.sleep(wait_s)
                retried += 1
            try:
                if not response.is_success:
                    response.read()
                    raise calls.error(response)
                yield response
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise errors.TimedOut(f"no response in time from {self._http.base_url}") from error
        except httpx.TransportError as error:
            raise errors.ConnectionFailed(f"{self._http.base_url} cannot be reached: {error}") from error
