"""Single flight: identical requests share one inference. Knows neither HTTP nor models."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.errors import DeadlineExceeded

T = TypeVar("T")


@dataclass(eq=False)
class _Shared(Generic[T]):
    task: "asyncio.Future[T]"
    waiting: int = 0


class SingleFlight(Generic[T]):
    """Runs work by key. A caller with a key whose work is running waits for the same result.

    The work belongs to no caller: it continues while a caller waits for it, and is cancelled when the last one leaves.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, _Shared[T]] = {}
        self._light: dict[Hashable, asyncio.Future[T]] = {}

    async def run(self, key: Hashable, start: Callable[[], Awaitable[T]], deadline: float) -> tuple[T, bool]:
        """The result for a key, and whether this call started the work.

        Args:
            key: equal keys have equal results.
            start: starts the work under this caller's deadline.
            deadline: of this caller, on the event loop's clock.

        Raises:
            Exception: what the work raised.
        """
        while True:
            found = self._running.get(key)
            shared = found or self._start(key, start)
            try:
                return await self._wait(key, shared), found is None
            except DeadlineExceeded:
                # The deadline was the first caller's. A caller with time left starts again.
                if found is None or asyncio.get_running_loop().time() >= deadline:
                    raise

    async def run_light(self, key: Hashable, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """As `run`, for work that takes less time than a task of its own: the first caller does it itself.

        If that fails or is cancelled, the next caller that waits does it.

        Args:
            key: equal keys have equal results.
            work: does the work under this caller's deadline.

        Raises:
            Exception: what the work raised.
        """
        while found := self._light.get(key):
            await asyncio.wait((found,))
            if not found.cancelled():
                return found.result(), False
        future = self._light[key] = asyncio.get_running_loop().create_future()
        try:
            result = await work()
            future.set_result(result)
        finally:
            del self._light[key]
            future.cancel()  # no effect if it has a result
        return result, True

    def _start(self, key: Hashable, start: Callable[[], Awaitable[T]]) -> _Shared[T]:
        shared = _Shared(asyncio.ensure_future(start()))
        self._running[key] = shared
        shared.task.add_done_callback(lambda _: self._forget(key, shared))
        return shared

    def _forget(self, key: Hashable, shared: _Shared[T]) -> None:
        if self._running.get(key) is shared:
            del self._running[key]
        if not shared.task.cancelled():
            shared.task.exception()  # retrieved even if nobody waits any longer

    async def _wait(self, key: Hashable, shared: _Shared[T]) -> T:
        shared.waiting += 1
        try:
            return await asyncio.shield(shared.task)
        finally:
            shared.waiting -= 1
            if shared.waiting == 0 and not shared.task.done():
                self._running.pop(key, None)  # a new caller must not wait for work that is being cancelled
                shared.task.cancel()
