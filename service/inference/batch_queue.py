"""A bounded queue of rows and how batches are formed from it. Knows neither networks nor threads.

An entry carries its own future and deadline; one that was cancelled or has expired leaves the queue.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.errors import Draining, QueueFull, TooLarge

Floats = NDArray[np.float32]
Rows = Mapping[str, Floats]
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Limits:
    """Limits of a queue and of its batches.

    Attributes:
        batch_rows: rows per batch.
        batch_bytes: bytes of input per batch; a larger row runs alone.
        waiting_rows: rows waiting, over all requests.
        waiting_bytes: bytes of input waiting.
        batch_s: expected seconds per batch, since the requests in it wait for each other. Infinite for an engine that
            takes as long for one row as for many.
    """

    batch_rows: int = 16
    batch_bytes: int = 3_145_728
    waiting_rows: int = 256
    waiting_bytes: int = 256_000_000
    batch_s: float = 0.1

    def rows_at_once(self, row_bytes: int) -> int:
        """Number of rows of this size that may share a batch, at least one."""
        return max(1, min(self.batch_rows, self.batch_bytes // max(1, row_bytes)))


@dataclass(frozen=True)
class Result(Generic[T_co]):
    """The output of some rows, and how long it took.

    Attributes:
        output: the network's output, in the order of the rows, or what `finish` returned for it.
        queue_s: the longest time that one of them waited, in seconds.
        infer_s: the duration of the longest batch, in seconds.
        finish_s: the longest time from the end of a batch to the end of `finish`, in seconds.
    """

    output: T_co
    queue_s: float
    infer_s: float = 0.0
    finish_s: float = 0.0


@dataclass(eq=False)
class Entry:
    """Rows of one request that run in one batch, with their deadline and the future of their result."""

    rows: Rows
    first: int
    count: int
    n_bytes: int
    deadline: float
    finish: Callable[[Floats, int], Any]
    light: bool
    future: "asyncio.Future[Result[Any]]"
    entered: float
    waiting: bool = True

    @property
    def shapes(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Names and shapes of one row; entries of a batch have the same."""
        return tuple((name, array.shape[1:]) for name, array in self.rows.items())


class BatchQueue:
    """Entries that wait for a batch, first in, first out.

    Attributes:
        waiting_rows: rows that wait.
        waiting_bytes: bytes of their input.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._entries: deque[Entry] = deque()
        self.waiting_rows = self.waiting_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(
        self, rows: Rows, deadline: float, finish: Callable[[Floats, int], Any], light: bool, now_s: float
    ) -> list[Entry]:
        """Append rows, cut into entries that each fit into a batch.

        Args:
            rows: float32 arrays by input name, (N, ...) each.
            deadline: in seconds of the event loop's clock.
            finish: as for `Batcher.submit_and_finish`.
            light: whether `finish` takes microseconds only.
            now_s: in seconds of the batcher's clock.

        Raises:
            TooLarge: more rows than the queue ever holds.
            QueueFull: too many rows wait already.
        """
        limits = self._limits
        count = len(next(iter(rows.values())))
        n_bytes = sum(array.nbytes for array in rows.values())
        if count > limits.waiting_rows or n_bytes > limits.waiting_bytes:
            raise TooLarge(f"{count} images with {n_bytes} bytes of input are more than the model's queue can hold")
        if self.waiting_rows + count > limits.waiting_rows or self.waiting_bytes + n_bytes > limits.waiting_bytes:
            raise QueueFull(f"{self.waiting_rows} images wait for this model already")
        loop = asyncio.get_running_loop()
        entries, step = [], limits.rows_at_once(n_bytes // count)
        for start in range(0, count, step):
            part = {name: array[start : start + step] for name, array in rows.items()}
            size, part_bytes = min(step, count - start), sum(array.nbytes for array in part.values())
            future = loop.create_future()
            entries.append(Entry(part, start, size, part_bytes, deadline, finish, light, future, now_s))
        self._entries.extend(entries)
        self.waiting_rows += count
        self.waiting_bytes += n_bytes
        return entries

    def leave(self, entry: Entry) -> None:
        """Subtract an entry from what waits, once."""
        if entry.waiting:
            entry.waiting = False
            self.waiting_rows -= entry.count
            self.waiting_bytes -= entry.n_bytes

    def next_batch(self, row_s: float) -> list[Entry]:
        """Remove the next batch: the oldest live entry, and those behind it that fit beside it.

        Args:
            row_s: expected seconds per row.
        """
        batch: list[Entry] = []
        skipped: list[Entry] = []
        rows, max_rows, now = 0, float(self._limits.batch_rows), asyncio.get_running_loop().time()
        rows_in_time = max(1.0, self._limits.batch_s / row_s)
        while self._entries and rows < max_rows:
            entry = self._entries.popleft()
            if entry.future.done() or entry.deadline <= now:
                self.leave(entry)  # its client has disconnected, or its own timeout responds
            elif batch and (entry.shapes != batch[0].shapes or rows + entry.count > max_rows):
                skipped.append(entry)
            else:
                self.leave(entry)
                batch.append(entry)
                max_rows = min(self._limits.rows_at_once(entry.n_bytes // entry.count), rows_in_time)
                rows += entry.count
        self._entries.extendleft(reversed(skipped))
        return batch

    def refuse(self, reason: str) -> None:
        """Remove every entry and fail it with `Draining`."""
        for entry in self._entries:
            self.leave(entry)
            if not entry.future.done():
                entry.future.set_exception(Draining(reason))
        self._entries.clear()
