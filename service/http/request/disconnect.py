"""Clients that disconnect before their response is there."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

from service.errors import ClientLeft

T = TypeVar("T")
_WATCH_AFTER_S = 0.01  # most responses are there before watching the connection would pay off


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Wait for work, and cancel it if the client disconnects. The request's body must have been read.

    Raises:
        ClientLeft: nobody will read the response.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    watcher: asyncio.Task[None] | None = None
    has_left = False

    async def watch() -> None:
        nonlocal has_left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        has_left = True
        task.cancel()

    def start_watching() -> None:
        nonlocal watcher
        watcher = loop.create_task(watch())

    starting = loop.call_later(_WATCH_AFTER_S, start_watching)
    try:
        return await work
    except asyncio.CancelledError:
        # A cancellation by the deadline or the server has to pass on; asyncio.timeout does the same.
        if has_left and task.uncancel() == 0:
            raise ClientLeft from None
        raise
    finally:
        starting.cancel()
        if watcher is not None:
            watcher.cancel()
