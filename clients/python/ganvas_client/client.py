"""The client that waits for each answer; `aio` has the same one for asyncio."""

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
from ganvas_client.calls import Call, Fit, Method, PictureFormat, Readable, WalkFormat
from ganvas_client.events import Frames
from ganvas_client.latents import Class, Latent, Summand
from ganvas_client.results import Card, File, Frame, Judgement, Models, Pictures, Translation
from ganvas_client.retries import Retries

T = TypeVar("T")


class Client:
    """Talks to one service. Threads may share it."""

    def __init__(
        self,
        url: str = "http://localhost:8000",
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Opens no connection yet.

        Args:
            url: of the service, with the prefix that a proxy takes away, if any.
            api_key: where the service wants one.
            timeout_s: for connecting, and for each piece of an answer.
            retries: after 429 and 503.
            transport: httpx's, for proxies, certificates and tests.
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
        """Closes its connections."""
        self._http.close()

    def models(self) -> Models:
        """Every served version, and every package that was skipped."""
        return self._send(calls.models())

    def model(self, model: str) -> Card:
        """One model's card; its manifest is in `raw`."""
        return self._send(calls.model(model))

    def preview(self, model: str) -> Image.Image:
        """A model's preview picture."""
        return self._send(calls.preview(model))

    def is_ready(self) -> bool:
        """Whether the service answers, and its models are served."""
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
        """Draws `n` fresh pictures, or those of seeds, or of latents; by default one.

        Args:
            model: `name`, or `name@version`.
            n: fresh random seeds.
            seeds: 0 to 2^63 - 1.
            latents: seeds, vectors, tokens, means.
            class_: of a conditional model; by default each seed draws its own.
            truncation: above 0 and at most 1; multiplies latents drawn from seeds.

        Raises:
            ProblemError: the service refused; its class says why.
            ConnectionFailed: it could not be reached.
        """
        body = calls.sample_body(n, seeds, latents, class_, truncation)
        return self._send(calls.pictures(model, "sample", body))

    def sample_file(
        self,
        model: str,
        n: int | None = None,
        *,
        seeds: Sequence[int] | None = None,
        latents: Sequence[Latent] | None = None,
        class_: Class | None = None,
        truncation: float = 1.0,
        format: PictureFormat = "png",  # noqa: A002  # the API's own word
        columns: int | None = None,
    ) -> File:
        """The same as one file: a grid of `columns`, or a zip, JSON or npy."""
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
        """The frames of a walk from latent to latent.

        Args:
            model: `name`, or `name@version`.
            *keyframes: two or more.
            steps: frames of one segment, both ends included.
            method: `slerp` turns the direction, `lerp` goes straight.
            loop: whether the way back to the first follows.
            class_: for latents without one of their own.
        """
        body = calls.walk_body(keyframes, steps, method, loop, 12, class_)
        return self._send(calls.pictures(model, "interpolate", body))

    def interpolate_file(
        self,
        model: str,
        *keyframes: Latent,
        steps: int = 8,
        method: Method = "slerp",
        loop: bool = False,
        fps: int = 12,
        class_: Class | None = None,
        format: WalkFormat = "gif",  # noqa: A002  # the API's own word
        columns: int | None = None,
    ) -> File:
        """A walk as one file: gif, apng and webp move, png and jpeg are a strip."""
        body = calls.walk_body(keyframes, steps, method, loop, fps, class_)
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
        """The frames of a walk, each as soon as it is drawn."""
        call = calls.stream(model, calls.walk_body(keyframes, steps, method, loop, 12, class_))
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
        """Draws a sum such as `mean(seed(1), seed(2)) - seed(3) + 2 * direction("smile")`.

        Args:
            model: `name`, or `name@version`.
            expression: latents and directions with their weights.
            variations: so many pictures around the result follow it.
            jitter: how far around.
            seed: that the variations are drawn from.
            class_: of a conditional model.
        """
        body = calls.arithmetic_body(expression, variations, jitter, seed, class_)
        return self._send(calls.pictures(model, "arithmetic", body))

    def arithmetic_file(
        self,
        model: str,
        expression: Summand,
        *,
        variations: int = 0,
        jitter: float = 0.25,
        seed: int | None = None,
        class_: Class | None = None,
        format: PictureFormat = "png",  # noqa: A002  # the API's own word
        columns: int | None = None,
    ) -> File:
        """The same as one file."""
        body = calls.arithmetic_body(expression, variations, jitter, seed, class_)
        return self._send(calls.file(model, "arithmetic", body, format, columns))

    def translate(self, model: str, picture: Readable, *, fit: Fit = "pad", cycle: bool = False) -> Translation:
        """Turns a picture of one domain into another.

        Args:
            model: a translator.
            picture: a path, a file's bytes, or Pillow's picture.
            fit: `pad` keeps every pixel; `resize` goes by the size that the model was trained at.
            cycle: whether to translate back too, for `cycle_error`.
        """
        return self._send(calls.translate(model, picture, fit, cycle))

    def translate_all(
        self, model: str, pictures: Sequence[Readable], *, fit: Fit = "pad", cycle: bool = False
    ) -> list[Translation]:
        """Several pictures in one request."""
        return self._send(calls.translate_all(model, pictures, fit, cycle))

    def discriminate(self, model: str, picture: Readable, *, class_: int | str | None = None) -> Judgement:
        """How real the discriminator finds a picture."""
        return self._send(calls.discriminate(model, picture, class_))

    def encode(self, model: str, picture: Readable) -> Latent:
        """The latent that draws a picture like this one, where the model has an encoder."""
        return self._send(calls.encode(model, picture))

    def reproduce(
        self,
        made: str | PathLike[str] | bytes,
        *,
        format: WalkFormat | None = None,  # noqa: A002  # the API's own word
    ) -> File:
        """Draws a file of the service again, from its metadata."""
        return self._send(calls.reproduce(made, format))

    def _send(self, call: Call[T]) -> T:
        with self._answered(call, stream=False) as answer:
            return calls.read(call, answer)

    def _frames(self, call: Call[httpx.Response]) -> Iterator[Frame]:
        with self._answered(call, stream=True) as answer:
            frames = Frames(answer.headers.get("x-model", ""))
            for line in answer.iter_lines():
                frame = frames.feed(line)
                if frame is not None:
                    yield frame
            frames.end()

    @contextmanager
    def _answered(self, call: Call[T], stream: bool) -> Iterator[httpx.Response]:
        """A good answer, after as many tries as it takes."""
        tried = 0
        try:
            while True:
                answer = self._http.send(call.of(self._http), stream=stream)
                wait_s = self._retries.wait_s(tried, answer.status_code, answer.headers)
                if wait_s is None:
                    break
                answer.close()
                time.sleep(wait_s)
                tried += 1
            try:
                if not answer.is_success:
                    answer.read()
                    raise calls.error(answer)
                yield answer
            finally:
                answer.close()
        except httpx.TimeoutException as error:
            raise errors.TimedOut(f"no answer in time from {self._http.base_url}") from error
        except httpx.TransportError as error:
            raise errors.ConnectionFailed(f"{self._http.base_url} cannot be reached: {error}") from error
