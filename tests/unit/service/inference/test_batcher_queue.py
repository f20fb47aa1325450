"""Admission to the queue, and how requests leave it: cancelled, expired or refused."""

import asyncio

import pytest

from service.errors import DeadlineExceeded, Draining, QueueFull, TooLarge
from service.inference.batch_queue import Limits
from service.inference.batcher import Batcher
from tests.unit.service.inference.batching import Doubler, batching, deadline_in, occupied, rows, send
from tests.waiting import async_wait_until


@pytest.mark.parametrize("limit", [{"waiting_rows": 4}, {"waiting_bytes": 4 * 8}])
def test_a_full_queue_admits_all_rows_of_a_request_or_none(limit):
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, **limit) as batcher:
            tasks = [await occupied(batcher, run), send(batcher, 1, 2, 3)]
            await async_wait_until(lambda: batcher.waiting_rows == 3)
            with pytest.raises(QueueFull):
                await send(batcher, 4, 5)
            assert batcher.waiting_rows == 3
            tasks.append(send(batcher, 6))
            await async_wait_until(lambda: batcher.waiting_rows == 4)
            run.gate.set()
            await asyncio.gather(*tasks)
            assert batcher.waiting_rows == 0
            await send(batcher, 7, 8, 9, 10)
        assert not any(4 in batch for batch in run.batches)

    asyncio.run(scenario())


def test_what_never_fits_is_too_large_rather_than_to_be_tried_again():
    async def scenario():
        async with batching(Doubler(), waiting_rows=4) as batcher:
            with pytest.raises(TooLarge):
                await send(batcher, *range(5))

    asyncio.run(scenario())


def test_a_cancelled_request_leaves_without_touching_its_neighbours():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            left, gone, right = (send(batcher, n) for n in (1, 2, 3))
            await async_wait_until(lambda: batcher.waiting_rows == 3)
            gone.cancel()
            await async_wait_until(lambda: batcher.waiting_rows == 2)
            run.gate.set()
            results = await asyncio.gather(first, left, right)
        assert [result.output[0, 0] for result in results] == [0, 2, 6]
        assert run.batches == [[0], [1, 3]]

    asyncio.run(scenario())


def test_cancelling_while_the_batch_runs_leaves_the_neighbours_their_rows():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            left, gone, right = (send(batcher, n) for n in (1, 2, 3))
            await async_wait_until(lambda: batcher.waiting_rows == 3)
            run.gate.set()
            await async_wait_until(lambda: len(run.batches) == 2)
            gone.cancel()
            results = await asyncio.gather(first, left, right)
        assert [result.output[0, 0] for result in results] == [0, 2, 6]

    asyncio.run(scenario())


def test_an_expired_request_fails_and_never_runs():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            late, patient = send(batcher, 1, seconds=0.02), send(batcher, 2)
            with pytest.raises(DeadlineExceeded):
                await late
            assert batcher.waiting_rows == 1
            run.gate.set()
            await asyncio.gather(first, patient)
        assert run.batches == [[0], [2]]

    asyncio.run(scenario())


def test_the_deadline_holds_while_the_batch_runs():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            with pytest.raises(DeadlineExceeded):
                await send(batcher, 1, seconds=0.05)
            run.gate.set()
            assert (await send(batcher, 2)).output[0, 0] == 4

    asyncio.run(scenario())


def test_closing_refuses_what_waits_and_lets_what_runs_finish():
    async def scenario():
        run = Doubler(is_open=False)
        batcher = Batcher(run, Limits())
        batcher.start()
        running = await occupied(batcher, run)
        waiting = send(batcher, 1)
        await async_wait_until(lambda: batcher.waiting_rows == 1)
        closing = asyncio.create_task(batcher.close())
        with pytest.raises(Draining):
            await waiting
        run.gate.set()
        await closing
        assert (await running).output.tolist() == [[0, 0]]
        assert run.batches == [[0]]

    asyncio.run(scenario())


def test_a_closed_batcher_refuses_at_once():
    async def scenario():
        run = Doubler()
        batcher = Batcher(run, Limits())
        batcher.start()
        await batcher.close()
        with pytest.raises(Draining):
            await batcher.submit(rows(1), deadline_in())

    asyncio.run(scenario())
