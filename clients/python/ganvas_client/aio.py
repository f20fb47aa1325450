"""The client for asyncio: `client` with coroutines. A test compares the signatures of both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
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


class AsyncClient:
    """Client for one service, with the methods of `Client`, where they are described in full."""

    def __init__(
        self,
        url: str = "http://localhost:8000",
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Creates a client without opening a connection."""
        self._retries = retries or Retries()
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout_s, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def models(self) -> Models:
        """Lists the served model versions and the packages that were skipped."""
        return await self._send(calls.models())

    async def model(self, model: str) -> Card:
        """Returns the card of a model; its manifest is in `raw`."""
        return await self._send(calls.model(model))

    async def preview(self, model: str) -> Image.Image:
        """Returns the preview image of a model."""
        return await self._send(calls.preview(model))

    async def is_ready(self) -> bool:
        """Whether the service responds and has loaded its models."""
        try:
            return (await self._http.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    async def sample(
        self,
        model: str,
        n: int | None = None,
        *,
        seeds: Sequence[int] | None = None,
        latents: Sequence[Latent] | None = None,
        class_: Class | None = None,
        truncation: float = 1.0,
    ) -> Pictures:
        """Generates images from `n` random seeds, from given seeds or from latents; one image by default."""
        body = calls.sample_body(n, seeds, latents, class_, truncation)
        return await self._send(calls.images(model, "sample", body))

    async def sample_file(
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
        return await self._send(calls.file(model, "sample", body, format, columns))

    async def interpolate(
        self,
        model: str,
        *keyframes: Latent,
        steps: int = 8,
        method: Method = "slerp",
        loop: bool = False,
        class_: Class | None = None,
    ) -> Pictures:
        """Generates the frames of an interpolation between latents."""
        body = calls.interpolate_body(keyframes, steps, method, loop, 12, class_)
        return await self._send(calls.images(model, "interpolate", body))

    async def interpolate_file(
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
        return await self._send(calls.file(model, "interpolate", body, format, columns))

    def stream(
        self,
        model: str,
        *keyframes: Latent,
        steps: int = 8,
        method: Method = "slerp",
        loop: bool = False,
        class_: Class | None = None,
    ) -> AsyncIterator[Frame]:
        """Generates the frames of an interpolation and yields each as soon as it arrives."""
        call = calls.stream(model, calls.interpolate_body(keyframes, steps, method, loop, 12, class_))
        return self._frames(call)

    async def arithmetic(
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
        return await self._send(calls.images(model, "arithmetic", body))

    async def arithmetic_file(
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
        return await self._send(calls.file(model, "arithmetic", body, format, columns))

    async def translate(self, model: str, picture: Readable, *, fit: Fit = "pad", cycle: bool = False) -> Translation:
        """Translates an image from one domain to another."""
        return await self._send(calls.translate(model, picture, fit, cycle))

    async def translate_all(
        self, model: str, pictures: Sequence[Readable], *, fit: Fit = "pad", cycle: bool = False
    ) -> list[Translation]:
        """Translates several images in one request."""
        return await self._send(calls.translate_all(model, pictures, fit, cycle))

    async def discriminate(self, model: str, picture: Readable, *, class_: int | str | None = None) -> Judgement:
        """Rates how real an image looks to the model's discriminator."""
        return await self._send(calls.discriminate(model, picture, class_))

    async def encode(self, model: str, picture: Readable) -> Latent:
        """Predicts the latent of an image; the model needs an encoder."""
        return await self._send(calls.encode(model, picture))

    async def reproduce(
        self,
        file: str | PathLike[str] | bytes,
        *,
        format: InterpolationFormat | None = None,  # noqa: A002  # name of the API's field
    ) -> File:
        """Generates a file of the service again, from its metadata."""
        return await self._send(calls.reproduce(file, format))

    async def _send(self, call: Call[T]) -> T:
        async with self._response(call, stream=False) as response:
            return calls.read(call, response)

    async def _frames(self, call: Call[httpx.Response]) -> AsyncIterator[Frame]:
        async with self._response(call, stream=True) as response:
            frames = Frames(response.headers.get("x-model", ""))
            async for line in response.aiter_lines():
                frame = frames.feed(line)
                if frame is not None:
                    yield frame
            frames.end()

    @asynccontextmanager
    async def _response(self, call: Call[T], stream: bool) -> AsyncIterator[httpx.Response]:
        """Sends a call, with retries, and provides the successful response."""
        retried = 0
        try:
            while True:
                response = await self._http.send(call.of(self._http), stream=stream)
                wait_s = self._retries.wait_s(retried, response.status_code, response.headers)
                if wait_s is None:
                    break
                await response.aclose()
                await asyncio.sleep(wait_s)
                retried += 1
            try:
                if not response.is_success:
                    await response.aread()
                    raise calls.error(response)
                yield response
            finally:
                await response.aclose()
        except httpx.TimeoutException as error:
            raise errors.TimedOut(f"no response in time from {self._http.base_url}") from error
        except httpx.TransportError as error:
            raise errors.ConnectionFailed(f"{self._http.base_url} cannot be reached: {error}") from error
