"""A bounded queue of rows, the batches made of it, and the results. Knows neither HTTP nor ONNX.

There is no timer: a free worker takes what waits, so that no latency is added at low load and batches form by
themselves at high load. An entry carries its own future and deadline; one that was cancelled or has expired leaves
the queue, and a batch that fails is run again entry by entry, so that nobody pays for a neighbour.

What is made of an entry's rows is made in the thread that ran the batch: each change of threads costs a small network
more than its inference. A batch that takes less time than that runs on the event loop itself (docs/decisions/0005).
"""

import asyncio
import contextlib
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.errors import DeadlineExceeded, Draining, QueueFull, TooLarge

Floats = NDArray[np.float32]
Rows = Mapping[str, Floats]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_CLOSED = "the model is being closed; send the request again"

_NICE = 5  # of the threads that infer: the event loop, which answers everyone, must not wait for its turn
_INLINE_S = 0.004  # a batch of light entries that is expected to take less does not leave the event loop
_AT_ONCE_S = 0.0003  # likewise, does not even wait for company
_RISE = 1.2  # of a row's time from batch to batch at most: one that was merely interrupted says little


@dataclass(frozen=True)
class Limits:
    """What a batcher holds at most.

    Attributes:
        batch_rows: rows of one batch.
        batch_bytes: bytes of input of one batch; a row that has more goes alone.
        waiting_rows: rows that wait, over all requests.
        waiting_bytes: bytes of input that wait.
        batch_s: seconds that requests in one batch are expected to take together, since they wait for each other.
            Infinity for an engine that takes as long for one row as for many.
    """

    batch_rows: int = 16
    batch_bytes: int = 3_145_728
    waiting_rows: int = 256
    waiting_bytes: int = 256_000_000
    batch_s: float = 0.1

    def rows_at_once(self, row_bytes: int) -> int:
        """Rows of so many bytes that may share a batch, at least one."""
        return max(1, min(self.batch_rows, self.batch_bytes // max(1, row_bytes)))


@dataclass(frozen=True)
class Result(Generic[T_co]):
    """What became of some rows.

    Attributes:
        output: the network's output for them, in their order, or what was made of it.
        queue_s: the longest time that one of them waited.
        infer_s: how long the longest batch ran.
        finish_s: the longest time that passed from the end of a batch until the rest was made of it.
    """

    output: T_co
    queue_s: float
    infer_s: float = 0.0
    finish_s: float = 0.0


@dataclass(eq=False)
class _Entry:
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
    def kind(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """What has to be equal for entries to share a batch: names and shapes of a row."""
        return tuple((name, array.shape[1:]) for name, array in self.rows.items())


class Batcher:
    """Runs rows through a function, many at a time."""

    def __init__(
        self,
        run: Callable[[Rows, bool], Floats],
        limits: Limits,
        instances: int = 1,
        on_batch: Callable[[int], None] = lambda _rows: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Makes an idle batcher; `start` it inside an event loop.

        Args:
            run: arrays by name, (N, ...) each, to (N, ...), told whether no other batch runs or waits; called in a
                worker thread.
            limits: what it holds at most.
            instances: how many batches may run at once.
            on_batch: called with the number of rows of each batch that runs.
            clock: measures how long rows wait and how long batches take, in seconds.
        """
        self._run, self._limits, self._on_batch, self._clock = run, limits, on_batch, clock
        self._queue: deque[_Entry] = deque()
        self._waiting_rows = self._waiting_bytes = 0
        self._arrival = asyncio.Event()
        self._threads = ThreadPoolExecutor(instances, thread_name_prefix="infer", initializer=_give_way)
        self._instances = instances
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False
        self._row_s = math.inf  # expected of a row; until a batch has run
        self._running = 0

    @property
    def waiting_rows(self) -> int:
        """Rows that wait for a worker."""
        return self._waiting_rows

    def start(self) -> None:
        """Starts the workers."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._instances)]

    async def close(self) -> None:
        """Refuses what waits and what comes later, lets the batches that run come to their end, and stops."""
        self._closed = True
        for entry in self._queue:
            self._leave(entry)
            if not entry.future.done():
                entry.future.set_exception(Draining(_CLOSED))
        self._queue.clear()
        self._arrival.set()
        await asyncio.gather(*self._workers)
        await asyncio.to_thread(self._threads.shutdown)

    async def submit(self, rows: Rows, deadline: float) -> Result[Floats]:
        """Waits until the rows have gone through.

        Args:
            rows: float32 arrays by input name, (N, ...) each.
            deadline: on the clock of `asyncio.get_running_loop().time()`.

        Raises:
            QueueFull: too many rows wait already.
            TooLarge: more rows than the queue ever holds.
            DeadlineExceeded: the deadline passed first.
            Draining: the batcher is closed, or was while the rows waited.
        """
        result = await self.submit_and_finish(rows, deadline, _keep)
        output = result.output[0] if len(result.output) == 1 else np.concatenate(result.output)
        return Result(output, result.queue_s, result.infer_s)

    async def submit_and_finish(
        self, rows: Rows, deadline: float, finish: Callable[[Floats, int], T], light: bool = False
    ) -> Result[Sequence[T]]:
        """Waits until the rows have gone through, and something was made of them in the same thread.

        Args:
            rows: as for `submit`.
            deadline: likewise.
            finish: makes something of the output of some of the rows, and the number of the first of them. Called once
                for each part that the rows are cut into, one part where they all fit into a batch.
            light: whether `finish` takes but microseconds.

        Returns:
            What was made of each part, in the order of the rows.

        Raises:
            QueueFull: and the others that `submit` raises.
            Exception: what `finish` raised.
        """
        entries = self._admit(rows, deadline, finish, light)
        try:
            async with asyncio.timeout_at(deadline):
                results = [await entry.future for entry in entries]
        except TimeoutError as error:
            raise DeadlineExceeded("the request was not answered before its deadline") from error
        finally:
            for entry in entries:
                if not entry.future.cancel() and not entry.future.cancelled():
                    entry.future.exception()  # seen, also where another part's was raised first
                self._leave(entry)
        return Result(
            [result.output for result in results],
            max(result.queue_s for result in results),
            max(result.infer_s for result in results),
            max(result.finish_s for result in results),
        )

    def fits_one_batch(self, rows: Rows) -> bool:
        """Whether the rows of one entry share a batch, so that `finish` is called once with all of them."""
        count = len(next(iter(rows.values())))
        return count <= self._limits.rows_at_once(sum(array.nbytes for array in rows.values()) // count)

    def at_once(self, rows: Rows, finish: Callable[[Floats, int], T]) -> Result[T] | None:
        """What `submit_and_finish` gives for light rows, now, where that is quicker than to wait; else None.

        Raises:
            Exception: what the network or `finish` raised.
        """
        count = len(next(iter(rows.values())))
        if self._queue or self._closed or count > self._limits.batch_rows or count * self._row_s >= _AT_ONCE_S:
            return None
        started = self._clock()
        self._on_batch(count)
        output = self._run(rows, not self._running)
        ran = self._clock()
        made = finish(output, 0)
        ended = self._clock()
        self._learn((ended - started) / count)
        return Result(made, 0.0, ran - started, ended - ran)

    def _admit(self, rows: Rows, deadline: float, finish: Callable[[Floats, int], Any], light: bool) -> list[_Entry]:
        if self._closed:
            raise Draining(_CLOSED)
        limits = self._limits
        count = len(next(iter(rows.values())))
        n_bytes = sum(array.nbytes for array in rows.values())
        if count > limits.waiting_rows or n_bytes > limits.waiting_bytes:
            raise TooLarge(f"{count} pictures of {n_bytes} bytes of input are more than the model's queue ever holds")
        if self._waiting_rows + count > limits.waiting_rows or self._waiting_bytes + n_bytes > limits.waiting_bytes:
            raise QueueFull(f"{self._waiting_rows} pictures wait for this model already")
        loop, entered = asyncio.get_running_loop(), self._clock()
        entries, step = [], limits.rows_at_once(n_bytes // count)
        for start in range(0, count, step):
            part = {name: array[start : start + step] for name, array in rows.items()}
            size, part_bytes = min(step, count - start), sum(array.nbytes for array in part.values())
            future = loop.create_future()
            entries.append(_Entry(part, start, size, part_bytes, deadline, finish, light, future, entered))
        self._queue.extend(entries)
        self._waiting_rows += count
        self._waiting_bytes += n_bytes
        self._arrival.set()
        return entries

    def _leave(self, entry: _Entry) -> None:
        """Takes an entry out of the count of what waits, once."""
        if entry.waiting:
            entry.waiting = False
            self._waiting_rows -= entry.count
            self._waiting_bytes -= entry.n_bytes

    def _take(self) -> list[_Entry]:
        """The next batch: the oldest live entry, and those behind it that fit beside it."""
        batch: list[_Entry] = []
        passed: list[_Entry] = []
        rows, most, now = 0, float(self._limits.batch_rows), asyncio.get_running_loop().time()
        in_time = max(1.0, self._limits.batch_s / self._row_s)
        while self._queue and rows < most:
            entry = self._queue.popleft()
            if entry.future.done() or entry.deadline <= now:
                self._leave(entry)  # its client has gone, or is being told by its own timeout
            elif batch and (entry.kind != batch[0].kind or rows + entry.count > most):
                passed.append(entry)
            else:
                self._leave(entry)
                batch.append(entry)
                most = min(self._limits.rows_at_once(entry.n_bytes // entry.count), in_time)
                rows += entry.count
        self._queue.extendleft(reversed(passed))
        return batch

    async def _work(self) -> None:
        while not self._closed:
            if batch := self._take():
                alone = not self._running and not self._queue
                self._running += 1
                try:
                    await self._settle(batch, alone)
                finally:
                    self._running -= 1
            else:
                self._arrival.clear()
                await self._arrival.wait()

    async def _settle(self, batch: list[_Entry], alone: bool) -> None:
        """Runs a batch and answers its entries."""
        try:
            if self._is_quick(batch):
                await asyncio.sleep(0)  # whoever has come meanwhile is heard before the next batch
                results = self._results(batch, alone)
            else:
                # Shielded, so that closing waits for the thread instead of leaving it behind.
                running = asyncio.get_running_loop().run_in_executor(self._threads, self._results, batch, alone)
                results = await asyncio.shield(running)
        except asyncio.CancelledError:
            for entry in batch:
                entry.future.cancel()
            raise
        except Exception as error:
            if len(batch) > 1:
                for entry in batch:
                    if not entry.future.done():
                        await self._settle([entry], alone)
            elif not batch[0].future.done():
                batch[0].future.set_exception(error)
            return
        for entry, result in zip(batch, results, strict=True):
            if entry.future.done():
                continue
            if isinstance(result, Exception):
                entry.future.set_exception(result)
            else:
                entry.future.set_result(result)

    def _is_quick(self, batch: list[_Entry]) -> bool:
        count = sum(entry.count for entry in batch)
        return count * self._row_s < _INLINE_S and all(entry.light for entry in batch)

    def _results(self, batch: list[_Entry], alone: bool) -> list[Result[Any] | Exception]:
        """What became of each entry of a batch."""
        first, started = batch[0].rows, self._clock()
        rows = first if len(batch) == 1 else {n: np.concatenate([e.rows[n] for e in batch]) for n in first}
        self._on_batch(sum(entry.count for entry in batch))
        output = self._run(rows, alone)
        results, start, ran = list[Result[Any] | Exception](), 0, self._clock()
        for entry in batch:
            part = output[start : start + entry.count]
            start += entry.count
            results.append(self._finished(entry, part, started, ran))
        self._learn((self._clock() - started) / start)
        return results

    def _learn(self, row_s: float) -> None:
        self._row_s = min(row_s, _RISE * self._row_s)

    def _finished(self, entry: _Entry, part: Floats, started: float, ran: float) -> Result[Any] | Exception:
        queue_s, infer_s = started - entry.entered, ran - started
        if entry.future.done():
            return Result(None, queue_s, infer_s)  # its client has gone
        try:
            made = entry.finish(part, entry.first)
        except Exception as error:
            return error
        return Result(made, queue_s, infer_s, self._clock() - ran)


def _give_way() -> None:
    """Lets the event loop go before this thread, where the system has priorities of threads."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _keep(output: Floats, first: int) -> Floats:
    return output
