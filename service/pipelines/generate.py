"""From latents to images: the rows of a generator, inference, and what is encoded of its output.

The routes, the streams and the batch runs share it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeVar

from service.imaging.pixels import Floats, to_uint8
from service.inference.batch_queue import Result, Rows
from service.pipelines import output, resolve
from service.pipelines.output import OutputImage, OutputSpec
from service.pipelines.resolve import LatentResolver, ResolvedLatent
from service.repository.loaded_model import LoadedModel
from service.telemetry.timing import PhaseTimer

MAX_LIGHT_VALUES = 4096
"""Pixel values that are encoded in less time, 0.1 ms, than a change of threads takes."""

T = TypeVar("T")


@dataclass(frozen=True)
class Generation:
    """Latents that one model turns into images.

    Attributes:
        model: a started generator.
        resolver: names the latents' classes.
        latents: at least one.
        deadline: when the result has to be there, in seconds of the event loop's clock.
    """

    model: LoadedModel
    resolver: LatentResolver
    latents: Sequence[ResolvedLatent]
    deadline: float

    @cached_property
    def rows(self) -> Rows:
        """The generator's input."""
        return resolve.rows(self.latents)

    def is_light(self, form: str) -> bool:
        """Whether encoding the images takes less time than a change of threads."""
        size = self.model.manifest.image
        n_values = len(self.latents) * size.height * size.width * size.channels
        return form in ("png", "jpeg") and n_values <= MAX_LIGHT_VALUES

    def body_at_once(self, spec: OutputSpec, timer: PhaseTimer) -> bytes | None:
        """The bytes of a response, on this thread, if the batcher expects that to be faster than waiting; else None."""
        result = self.model.generator.at_once(self.rows, lambda floats, first: self._body(floats, spec))
        if result is None:
            return None
        timer.add_inference(result.infer_s, result.finish_s)
        return result.output

    async def body(self, spec: OutputSpec, timer: PhaseTimer) -> bytes:
        """The bytes of a response.

        Args:
            spec: what the images become.
            timer: gains the phases `queue`, `infer` and `encode`.

        Raises:
            QueueFull: too many rows are waiting.
            DeadlineExceeded: the deadline passed.
            Draining: the model is being closed.
            NotFinite: the network's output overflowed.
        """
        if self.model.generator.fits_one_batch(self.rows):
            work = self._finish(lambda floats, first: self._body(floats, spec), self.is_light(spec.format))
            return (await inferred(work, timer))[0]
        work_in_parts = self._finish(lambda floats, first: output.encode_each(self._images(floats, first), spec))
        encoded = list(chain.from_iterable(await inferred(work_in_parts, timer)))
        with timer.phase("encode"):
            return await asyncio.to_thread(output.assemble, encoded, spec)

    async def files(self, encode: Callable[[OutputImage], bytes], timer: PhaseTimer) -> list[bytes]:
        """One file per image.

        Args:
            encode: an image to a file's bytes; called in the thread of the inference.
            timer: as for `body`, which names the errors too.
        """
        work = self._finish(lambda floats, first: [encode(image) for image in self._images(floats, first)])
        return list(chain.from_iterable(await inferred(work, timer)))

    async def stream(
        self, encode: Callable[[OutputImage], bytes], ahead: int, timer: PhaseTimer
    ) -> AsyncGenerator[bytes, None]:
        """One file per image, in order, each as soon as it is there.

        Args:
            encode: as for `files`.
            ahead: rows that are submitted before the reader has taken them. They may share a batch.
            timer: gains the phases of the first image.
        """
        async with aclosing(self._outputs(ahead, timer)) as outputs:
            index = 0
            async for floats in outputs:
                images = self._images(floats, index)
                index += 1
                yield await asyncio.to_thread(encode, images[0])

    async def _outputs(self, ahead: int, timer: PhaseTimer) -> AsyncGenerator[Floats, None]:
        """The network's output for each row, (1, C, H, W)."""
        waiting: deque[asyncio.Task[Floats]] = deque()

        async def one(index: int) -> Floats:
            row = {name: array[index : index + 1] for name, array in self.rows.items()}
            work = self.model.generator.submit(row, self.deadline)
            return await inferred(work, timer) if index == 0 else (await work).output

        try:
            for index in range(len(self.latents)):
                waiting.append(asyncio.create_task(one(index)))
                if len(waiting) > ahead:
                    yield await waiting.popleft()
            while waiting:
                yield await waiting.popleft()
        finally:
            for task in waiting:
                task.cancel()

    def _finish(self, finish: Callable[[Floats, int], T], is_light: bool = False) -> "Awaitable[Result[Sequence[T]]]":
        return self.model.generator.submit_and_finish(self.rows, self.deadline, finish, is_light)

    def _body(self, floats: Floats, spec: OutputSpec) -> bytes:
        return output.encode(self._images(floats, 0), spec)

    def _images(self, floats: Floats, first: int) -> list[OutputImage]:
        """The images of some rows of the network's output, (N, C, H, W); `first` is the first row's index."""
        pixels = to_uint8(floats)
        latents = self.latents[first : first + len(pixels)]
        return [
            OutputImage(image, latent.latent, latent.seed, self.resolver.name_of(latent.blend))
            for latent, image in zip(latents, pixels, strict=True)
        ]


async def inferred(work: Awaitable[Result[T]], timer: PhaseTimer) -> T:
    """The output of a batcher's work, with its phases recorded."""
    result = await work
    timer.add_inference(result.infer_s, result.finish_s)
    return result.output
