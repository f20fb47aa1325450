"""Rows that share batches: their order, size, company and failures."""

import asyncio
import threading

import numpy as np

from tests.unit.service.inference.batching import Doubler, batching, deadline_in, occupied, rows, send
from tests.waiting import async_wait_until


def test_rows_come_back_to_who_sent_them():
    async def scenario():
        run = Doubler()
        async with batching(run) as batcher:
            results = await asyncio.gather(*(send(batcher, n, n + 0.5) for n in range(12)))
        assert [result.output[:, 0].tolist() for result in results] == [[2 * n, 2 * n + 1] for n in range(12)]

    asyncio.run(scenario())


def test_what_arrives_while_a_batch_runs_shares_the_next_batch():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            tasks = [await occupied(batcher, run)]
            tasks += [send(batcher, n) for n in (1, 2, 3)]
            await async_wait_until(lambda: batcher.waiting_rows == 3)
            run.gate.set()
            await asyncio.gather(*tasks)
        assert run.batches == [[0], [1, 2, 3]]

    asyncio.run(scenario())


def test_a_free_worker_does_not_wait_for_company():
    async def scenario():
        run = Doubler()
        async with batching(run) as batcher:
            for n in range(3):
                await send(batcher, n)
        assert run.batches == [[0], [1], [2]]

    asyncio.run(scenario())


def test_a_batch_has_no_more_rows_than_it_may():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, batch_rows=4) as batcher:
            tasks = [await occupied(batcher, run)] + [send(batcher, n, n) for n in range(1, 8)]
            await async_wait_until(lambda: batcher.waiting_rows == 14)
            run.gate.set()
            await asyncio.gather(*tasks)
        assert max(len(batch) for batch in run.batches) == 4
        assert len(run.batches) == 1 + 4

    asyncio.run(scenario())


def test_a_request_of_many_rows_is_split_and_joined_in_order():
    async def scenario():
        run = Doubler()
        async with batching(run, batch_rows=4) as batcher:
            result = await send(batcher, *range(11))
        assert result.output[:, 0].tolist() == [2 * n for n in range(11)]
        assert [len(batch) for batch in run.batches] == [4, 4, 3]

    asyncio.run(scenario())


def test_one_failure_does_not_fail_its_batchmates():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            tasks = [send(batcher, n) for n in (12, 13, 14)]
            await async_wait_until(lambda: batcher.waiting_rows == 3)
            run.gate.set()
            results = await asyncio.gather(first, *tasks, return_exceptions=True)
            assert isinstance(results[2], ValueError)
            assert [results[1].output[0, 0], results[3].output[0, 0]] == [24, 28]
            assert (await send(batcher, 1)).output[0, 0] == 2

    asyncio.run(scenario())


def test_rows_of_different_shapes_never_share_a_batch():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            tasks = [await occupied(batcher, run)]
            tasks += [send(batcher, n, width=2 + n % 2) for n in range(1, 7)]
            await async_wait_until(lambda: batcher.waiting_rows == 6)
            run.gate.set()
            results = await asyncio.gather(*tasks)
        assert run.batches == [[0], [1, 3, 5], [2, 4, 6]]
        assert [result.output.shape[1] for result in results[1:]] == [3, 2, 3, 2, 3, 2]

    asyncio.run(scenario())


def test_the_oldest_request_is_never_overtaken_for_good():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, batch_rows=4) as batcher:
            tasks = [await occupied(batcher, run), send(batcher, 1, 1, 1), send(batcher, 2, 2, 2, 2)]
            tasks += [send(batcher, n) for n in (3, 4)]
            await async_wait_until(lambda: batcher.waiting_rows == 9)
            run.gate.set()
            await asyncio.gather(*tasks)
        assert run.batches == [[0], [1, 1, 1, 3], [2, 2, 2, 2], [4]]

    asyncio.run(scenario())


def test_so_many_batches_run_at_once_as_there_are_instances():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, instances=2, batch_rows=1) as batcher:
            tasks = [send(batcher, n) for n in range(4)]
            await async_wait_until(lambda: run.max_at_once == 2)
            run.gate.set()
            await asyncio.gather(*tasks)
        assert run.max_at_once == 2

    asyncio.run(scenario())


def test_a_batch_receives_whether_it_has_the_cores_to_itself():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, instances=2, batch_rows=1) as batcher:
            first = send(batcher, 0)
            await async_wait_until(lambda: len(run.alone) == 1)
            second = send(batcher, 1)
            await async_wait_until(lambda: len(run.alone) == 2)
            run.gate.set()
            await asyncio.gather(first, second)
            await send(batcher, 2)
            both = asyncio.gather(send(batcher, 3), send(batcher, 4))
            await both
        assert run.alone == [True, False, True, False, False]

    asyncio.run(scenario())


def test_every_row_is_right_in_a_crowd_that_comes_fails_and_goes():
    async def scenario():
        rng = np.random.default_rng(0)
        run = Doubler()
        async with batching(run, instances=2, batch_rows=8, waiting_rows=10_000) as batcher:
            tasks = {}
            for n in range(400):
                values = (13,) if n % 17 == 0 else tuple(float(v) for v in rng.integers(100, 9999, rng.integers(1, 12)))
                tasks[send(batcher, *values, width=2 + n % 2)] = values
                if n % 5 == 0:
                    await asyncio.sleep(0)
            for task in list(tasks)[::7]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert batcher.waiting_rows == 0
        for task, values in tasks.items():
            if task.cancelled():
                continue
            if values == (13,):
                assert isinstance(task.exception(), ValueError)
            else:
                assert task.result().output[:, 0].tolist() == [2 * value for value in values]
        assert max(len(batch) for batch in run.batches) <= 8

    asyncio.run(scenario())


def test_finish_receives_the_index_of_the_first_row():
    async def scenario():
        def part(output, first):
            return first, len(output), threading.current_thread().name

        run = Doubler()
        async with batching(run, batch_rows=4) as batcher:
            result = await batcher.submit_and_finish(
                rows(*range(10)),
                deadline_in(),
                lambda output, first: (first, len(output), threading.current_thread().name),
            )
        assert [(first, count) for first, count, _ in result.output] == [(0, 4), (4, 4), (8, 2)]
        assert all(name.startswith("infer") for *_, name in result.output)

    asyncio.run(scenario())


def test_what_cannot_be_made_of_some_rows_fails_them_alone():
    async def scenario():
        def refuse(output, first):
            raise ValueError("not this one")

        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            refused = asyncio.create_task(batcher.submit_and_finish(rows(1, 1), deadline_in(), refuse))
            neighbour = send(batcher, 2)
            await async_wait_until(lambda: batcher.waiting_rows == 3)
            run.gate.set()
            results = await asyncio.gather(first, refused, neighbour, return_exceptions=True)
        assert isinstance(results[1], ValueError)
        assert results[2].output[0, 0] == 4
        assert run.batches == [[0], [1, 1, 2]]

    asyncio.run(scenario())
