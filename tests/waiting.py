"""Waiting for conditions, with a limit that a busy machine does not reach."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = 120.0
"""Only a fault takes this long: it ends a wait that would last forever, and is no expectation of speed."""


def wait_until(condition: Callable[[], T], pause_s: float = 0.005, limit_s: float = LIMIT_S) -> T:
    """Call `condition` again and again until its result is true, and return that result.

    Raises:
        AssertionError: the condition did not hold within `limit_s`.
    """
    end = time.monotonic() + limit_s
    while not (result := condition()):
        assert time.monotonic() < end, f"the condition did not hold within {limit_s:g} s"
        time.sleep(pause_s)
    return result


async def async_wait_until(condition: Callable[[], T], pause_s: float = 0.001, limit_s: float = LIMIT_S) -> T:
    """`wait_until` for a coroutine: the event loop runs meanwhile."""
    end = time.monotonic() + limit_s
    while not (result := condition()):
        assert time.monotonic() < end, f"the condition did not hold within {limit_s:g} s"
        await asyncio.sleep(pause_s)
    return result
