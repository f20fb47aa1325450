"""Decisions that depend on the measured time of a row; the clock is the test's."""

import asyncio
import math
import threading

import pytest

from tests.unit.service.inference.batching import Doubler, batching, deadline_in, occupied, rows, send
from tests.waiting import async_wait_until


@pytest.mark.parametrize(("batch_s", "rows_of"), [(0.1, [1, 1, 1, 1]), (math.inf, [1, 3])])
def test_a_batch_that_would_take_long_is_cut(batch_s, rows_of):
    async def scenario():
        run = Doubler()
        run.batch_s = 0.06
        async with batching(run, batch_rows=16, batch_s=batch_s) as batcher:
            await asyncio.gather(*(send(batcher, n) for n in range(4)))
        assert [len(batch) for batch in run.batches] == rows_of

    asyncio.run(scenario())


def test_the_time_of_waiting_is_reported():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            second = send(batcher, 1)
            await async_wait_until(lambda: batcher.waiting_rows == 1)
            run.clock.advance(0.03)
            run.batch_s = 0.5
            run.gate.set()
            results = [await first, await second]
        assert [result.queue_s for result in results] == pytest.approx([0.0, 0.53])
        assert [result.infer_s for result in results] == pytest.approx([0.53, 0.5])

    asyncio.run(scenario())


def test_light_rows_that_are_quick_stay_on_the_event_loop_and_others_do_not():
    async def scenario():
        def thread_name(output, first):
            return threading.current_thread().name

        run = Doubler()
        async with batching(run, batch_rows=4) as batcher:

            async def thread_of(count, light):
                work = batcher.submit_and_finish(rows(*range(count)), deadline_in(), thread_name, light)
                return (await work).output[0].partition("_")[0]

            assert await thread_of(1, light=True) == "infer"  # the time of a row is not known yet
            assert await thread_of(1, light=True) == "MainThread"
            assert await thread_of(1, light=False) == "infer"
            run.batch_s = 0.003
            assert await thread_of(1, light=False) == "infer"
            assert await thread_of(1, light=True) == "MainThread"
            run.batch_s = 0.01  # a row's expected time rises from batch to batch by a limited factor
            for _ in range(60):
                await thread_of(1, light=False)
            assert await thread_of(1, light=True) == "infer"

    asyncio.run(scenario())


def test_quick_rows_are_answered_at_once_unless_others_wait():
    async def scenario():
        def where(output, first):
            return threading.current_thread().name, output[0, 0]

        run = Doubler()
        async with batching(run) as batcher:
            assert batcher.at_once(rows(3), where) is None  # nothing is known of its time yet
            await send(batcher, 1)
            result = batcher.at_once(rows(3), where)
            assert result is not None
            assert result.output == ("MainThread", 6)
            assert batcher.at_once(rows(*range(17)), where) is None  # more than a batch
            waiting = send(batcher, 4)
            await asyncio.sleep(0)
            assert batcher.at_once(rows(3), where) is None
            await waiting
        assert batcher.at_once(rows(3), where) is None  # it is closed

    asyncio.run(scenario())


def test_what_fails_at_once_fails_its_caller_alone():
    async def scenario():
        run = Doubler()
        async with batching(run) as batcher:
            await send(batcher, 1)
            with pytest.raises(ValueError, match="thirteen"):
                batcher.at_once(rows(13), lambda output, first: output)
            assert (await send(batcher, 2)).output[0, 0] == 4

    asyncio.run(scenario())
