"""Dynamic batching: runs the rows of several requests together. Knows neither HTTP nor ONNX.

There is no timer: a free worker takes what waits. This adds no latency at low load, and batches form by themselves at
high load. A batch that fails is run again entry by entry, so that one request's fault does not affect the others.

`finish` runs in the thread that ran the batch, since a change of threads costs more than the inference of a small
network. A batch that takes less time than that runs on the event loop itself (docs/decisions/0005).
"""

import asyncio
import contextlib
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from service.errors import DeadlineExceeded, Draining
from service.inference.batch_queue import BatchQueue, Entry, Floats, Limits, Result, Rows

T = TypeVar("T")

_CLOSED = "the model is being closed; send the request again"

_NICENESS = 5  # of inference threads: the event loop, which serves all requests, comes first
_MAX_INLINE_S = 0.004  # batches of light entries that are expected to take less run on the event loop
_MAX_IMMEDIATE_S = 0.0003  # likewise, and without waiting for other entries
_MAX_RISE = 1.2  # of the expected time per row, from batch to batch: a single interrupted batch means little


class Batcher:
    """Runs rows through a function, in batches."""

    def __init__(
        self,
        run: Callable[[Rows, bool], Floats],
        limits: Limits,
        instances: int = 1,
        on_batch: Callable[[int], None] = lambda _rows: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Create an idle batcher; `start` it inside an event loop.

        Args:
            run: maps arrays by name, (N, ...) each, and whether no other batch runs or waits, to (N, ...). Called in a
                worker thread.
            limits: of the queue and of each batch.
            instances: how many batches may run at the same time.
            on_batch: called with the number of rows of each batch.
            clock: in seconds.
        """
        self._run, self._limits, self._on_batch, self._clock = run, limits, on_batch, clock
        self._queue = BatchQueue(limits)
        self._arrival = asyncio.Event()
        self._threads = ThreadPoolExecutor(instances, thread_name_prefix="infer", initializer=_give_way)
        self._instances = instances
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False
        self._row_s = math.inf  # expected per row; unknown until a batch has run
        self._running = 0

    @property
    def waiting_rows(self) -> int:
        """Rows that wait for a worker."""
        return self._queue.waiting_rows

    def start(self) -> None:
        """Start the workers."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._instances)]

    async def close(self) -> None:
        """Refuse waiting and later rows, let running batches finish, and stop."""
        self._closed = True
        self._queue.refuse(_CLOSED)
        self._arrival.set()
        await asyncio.gather(*self._workers)
        await asyncio.to_thread(self._threads.shutdown)

    async def submit(self, rows: Rows, deadline: float) -> Result[Floats]:
        """Run rows and wait for their output.

        Args:
            rows: float32 arrays by input name, (N, ...) each.
            deadline: in seconds of `asyncio.get_running_loop().time()`.

        Raises:
            QueueFull: too many rows wait already.
            TooLarge: more rows than the queue ever holds.
            DeadlineExceeded: the deadline passed first.
            Draining: the batcher was closed, before or while the rows waited.
        """
        result = await self.submit_and_finish(rows, deadline, _keep)
        output = result.output[0] if len(result.output) == 1 else np.concatenate(result.output)
        return Result(output, result.queue_s, result.infer_s)

    async def submit_and_finish(
        self, rows: Rows, deadline: float, finish: Callable[[Floats, int], T], light: bool = False
    ) -> Result[Sequence[T]]:
        """Run rows, and process their output in the same thread.

        Args:
            rows: as for `submit`.
            deadline: likewise.
            finish: processes the output of some of the rows, given the index of the first of them. Called once per
                batch that the rows are divided into.
            light: whether `finish` takes microseconds only.

        Returns:
            What `finish` returned for each part, in the order of the rows.

        Raises:
            QueueFull: and the other errors of `submit`.
            Exception: from `finish`.
        """
        if self._closed:
            raise Draining(_CLOSED)
        entries = self._queue.add(rows, deadline, finish, light, self._clock())
        self._arrival.set()
        try:
            async with asyncio.timeout_at(deadline):
                results = [await entry.future for entry in entries]
        except TimeoutError as error:
            raise DeadlineExceeded("the request was not answered before its deadline") from error
        finally:
            for entry in entries:
                if not entry.future.cancel() and not entry.future.cancelled():
                    entry.future.exception()  # retrieved, even if another part's was raised first
                self._queue.leave(entry)
        return Result(
            [result.output for result in results],
            max(result.queue_s for result in results),
            max(result.infer_s for result in results),
            max(result.finish_s for result in results),
        )

    def fits_one_batch(self, rows: Rows) -> bool:
        """Whether the rows fit into one batch, so that `finish` is called once with all of them."""
        count = len(next(iter(rows.values())))
        return count <= self._limits.rows_at_once(sum(array.nbytes for array in rows.values()) // count)

    def at_once(self, rows: Rows, finish: Callable[[Floats, int], T]) -> Result[T] | None:
        """Run light rows immediately if that is faster than queueing them; otherwise return None.

        Raises:
            Exception: from the network or `finish`.
        """
        count = len(next(iter(rows.values())))
        if self._queue or self._closed or count > self._limits.batch_rows or count * self._row_s >= _MAX_IMMEDIATE_S:
            return None
        started = self._clock()
        self._on_batch(count)
        output = self._run(rows, not self._running)
        ran = self._clock()
        made = finish(output, 0)
        ended = self._clock()
        self._learn((ended - started) / count)
        return Result(made, 0.0, ran - started, ended - ran)

    async def _work(self) -> None:
        while not self._closed:
            if batch := self._queue.next_batch(self._row_s):
                alone = not self._running and not self._queue
                self._running += 1
                try:
                    await self._settle(batch, alone)
                finally:
                    self._running -= 1
            else:
                self._arrival.clear()
                await self._arrival.wait()

    async def _settle(self, batch: list[Entry], alone: bool) -> None:
        """Run a batch and resolve its entries."""
        try:
            if self._is_quick(batch):
                await asyncio.sleep(0)  # requests that arrived meanwhile are read before the next batch
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

    def _is_quick(self, batch: list[Entry]) -> bool:
        count = sum(entry.count for entry in batch)
        return count * self._row_s < _MAX_INLINE_S and all(entry.light for entry in batch)

    def _results(self, batch: list[Entry], alone: bool) -> list[Result[Any] | Exception]:
        """The result or the error of each entry of a batch."""
        first, started = batch[0].rows, self._clock()
        rows = first if len(batch) == 1 else {n: np.concatenate([e.rows[n] for e in batch]) for n in first}
        self._on_batch(sum(entry.count for entry in batch))
        output = self._run(rows, alone)
        results, start, ran = list[Result[Any] | Exception](), 0, self._clock()
        for entry in batch:
            part = output[start : start + entry.count]
            start += entry.count
            results.append(self._finish(entry, part, started, ran))
        self._learn((self._clock() - started) / start)
        return results

    def _learn(self, row_s: float) -> None:
        self._row_s = min(row_s, _MAX_RISE * self._row_s)

    def _finish(self, entry: Entry, part: Floats, started: float, ran: float) -> Result[Any] | Exception:
        queue_s, infer_s = started - entry.entered, ran - started
        if entry.future.done():
            return Result(None, queue_s, infer_s)  # its client has disconnected
        try:
            made = entry.finish(part, entry.first)
        except Exception as error:
            return error
        return Result(made, queue_s, infer_s, self._clock() - ran)


def _give_way() -> None:
    """Give the event loop priority over this thread, if the system supports priorities of threads."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _keep(output: Floats, first: int) -> Floats:
    return output
