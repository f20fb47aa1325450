"""A batcher under test, and the function that it runs."""

import asyncio
import threading
from contextlib import asynccontextmanager

import numpy as np

from service.inference.batch_queue import Limits
from service.inference.batcher import Batcher
from tests.clock import ManualClock
from tests.waiting import LIMIT_S, async_wait_until


def rows(*values: float, width: int = 2):
    """One row per value."""
    return {"x": np.repeat(np.array(values, np.float32)[:, None], width, axis=1)}


class Doubler:
    """Doubles its rows once its gate is open, and records each batch and whether it ran alone.

    A row of 13 is an error.
    """

    def __init__(self, is_open: bool = True, clock: ManualClock | None = None) -> None:
        """Create a function whose batches take 10 µs of `clock`, or `batch_s` if that is set."""
        self.gate = threading.Event()
        self.batches: list[list[float]] = []
        self.alone: list[bool] = []
        self.clock, self.batch_s = clock or ManualClock(), 1e-5
        self.max_at_once = self._at_once = 0
        if is_open:
            self.gate.set()

    def __call__(self, inputs, alone):
        self._at_once += 1
        self.alone.append(alone)
        self.max_at_once = max(self.max_at_once, self._at_once)
        self.batches.append(inputs["x"][:, 0].tolist())
        self.gate.wait(LIMIT_S)
        self.clock.advance(self.batch_s)
        self._at_once -= 1
        if (inputs["x"] == 13).any():
            raise ValueError("thirteen")
        return 2 * inputs["x"]


@asynccontextmanager
async def batching(run: Doubler, instances: int = 1, **limits):
    """A started batcher over `run`, which measures time by its clock."""
    batcher = Batcher(run, Limits(**limits), instances, clock=run.clock)
    batcher.start()
    try:
        yield batcher
    finally:
        run.gate.set()
        await batcher.close()


def deadline_in(seconds: float = LIMIT_S) -> float:
    """A deadline on the clock of the event loop."""
    return asyncio.get_running_loop().time() + seconds


def send(batcher, *values, seconds: float = LIMIT_S, width: int = 2):
    """The task of a request of one row per value."""
    return asyncio.create_task(batcher.submit(rows(*values, width=width), deadline_in(seconds)))


async def occupied(batcher, run):
    """A task whose batch runs until the gate opens."""
    task = send(batcher, 0)
    await async_wait_until(lambda: run.batches == [[0]])
    return task
