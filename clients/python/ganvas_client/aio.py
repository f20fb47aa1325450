"""The client for asyncio: that of `client`, with coroutines. A test holds their signatures against each other."""

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
from ganvas_client.calls import Call, Fit, Method, PictureFormat, Readable, WalkFormat
from ganvas_client.events import Frames
from ganvas_client.latents import Class, Latent, Summand
from ganvas_client.results import Card, File, Frame, Judgement, Models, Pictures, Translation
from ganvas_client.retries import Retries

T = TypeVar("T")


class AsyncClient:
    """Talks to one service; the methods are those of `Client`, which says more about them."""

    def __init__(
        self,
        url: str = "http://localhost:8000",
        *,
        api_key: str | None = None,
        timeout_s: float = 60.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Opens no connection yet."""
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
        """Closes its connections."""
        await self._http.aclose()

    async def models(self) -> Models:
        """Every served version, and every package that was skipped."""
        return await self._send(calls.models())

    async def model(self, model: str) -> Card:
        """One model's card; its manifest is in `raw`."""
        return await self._send(calls.model(model))

    async def preview(self, model: str) -> Image.Image:
        """A model's preview picture."""
        return await self._send(calls.preview(model))

    async def is_ready(self) -> bool:
        """Whether the service answers, and its models are served."""
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
        """Draws `n` fresh pictures, or those of seeds, or of latents; by default one."""
        body = calls.sample_body(n, seeds, latents, class_, truncation)
        return await self._send(calls.pictures(model, "sample", body))

    async def sample_file(
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
        """The frames of a walk from latent to latent."""
        body = calls.walk_body(keyframes, steps, method, loop, 12, class_)
        return await self._send(calls.pictures(model, "interpolate", body))

    async def interpolate_file(
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
        """The frames of a walk, each as soon as it is drawn."""
        call = calls.stream(model, calls.walk_body(keyframes, steps, method, loop, 12, class_))
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
        return await self._send(calls.pictures(model, "arithmetic", body))

    async def arithmetic_file(
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
        return await self._send(calls.file(model, "arithmetic", body, format, columns))

    async def translate(self, model: str, picture: Readable, *, fit: Fit = "pad", cycle: bool = False) -> Translation:
        """Turns a picture of one domain into another."""
        return await self._send(calls.translate(model, picture, fit, cycle))

    async def translate_all(
        self, model: str, pictures: Sequence[Readable], *, fit: Fit = "pad", cycle: bool = False
    ) -> list[Translation]:
        """Several pictures in one request."""
        return await self._send(calls.translate_all(model, pictures, fit, cycle))

    async def discriminate(self, model: str, picture: Readable, *, class_: int | str | None = None) -> Judgement:
        """How real the discriminator finds a picture."""
        return await self._send(calls.discriminate(model, picture, class_))

    async def encode(self, model: str, picture: Readable) -> Latent:
        """The latent that draws a picture like this one, where the model has an encoder."""
        return await self._send(calls.encode(model, picture))

    async def reproduce(
        self,
        made: str | PathLike[str] | bytes,
        *,
        format: WalkFormat | None = None,  # noqa: A002  # the API's own word
    ) -> File:
        """Draws a file of the service again, from its metadata."""
        return await self._send(calls.reproduce(made, format))

    async def _send(self, call: Call[T]) -> T:
        async with self._answered(call, stream=False) as answer:
            return calls.read(call, answer)

    async def _frames(self, call: Call[httpx.Response]) -> AsyncIterator[Frame]:
        async with self._answered(call, stream=True) as answer:
            frames = Frames(answer.headers.get("x-model", ""))
            async for line in answer.aiter_lines():
                frame = frames.feed(line)
                if frame is not None:
                    yield frame
            frames.end()

    @asynccontextmanager
    async def _answered(self, call: Call[T], stream: bool) -> AsyncIterator[httpx.Response]:
        """A good answer, after as many tries as it takes."""
        tried = 0
        try:
            while True:
                answer = await self._http.send(call.of(self._http), stream=stream)
                wait_s = self._retries.wait_s(tried, answer.status_code, answer.headers)
                if wait_s is None:
                    break
                await answer.aclose()
                await asyncio.sleep(wait_s)
                tried += 1
            try:
                if not answer.is_success:
                    await answer.aread()
                    raise calls.error(answer)
                yield answer
            finally:
                await answer.aclose()
        except httpx.TimeoutException as error:
            raise errors.TimedOut(f"no answer in time from {self._http.base_url}") from error
        except httpx.TransportError as error:
            raise errors.ConnectionFailed(f"{self._http.base_url} cannot be reached: {error}") from error
