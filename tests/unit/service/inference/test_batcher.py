import asyncio
import math
import threading
import time
from contextlib import asynccontextmanager

import numpy as np
import pytest

from service.errors import DeadlineExceeded, Draining, QueueFull, TooLarge
from service.inference.batcher import Batcher, Limits


def rows(*values: float, width: int = 2):
    """One row a value."""
    return {"x": np.repeat(np.array(values, np.float32)[:, None], width, axis=1)}


class Doubler:
    """The function under the batcher: doubles its rows, once the gate is open, and notes each batch, and if alone."""

    def __init__(self, is_open: bool = True) -> None:
        self.gate = threading.Event()
        self.batches: list[list[float]] = []
        self.alone: list[bool] = []
        self.most_at_once = self._at_once = 0
        if is_open:
            self.gate.set()

    def __call__(self, fed, alone):
        self._at_once += 1
        self.alone.append(alone)
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.batches.append(fed["x"][:, 0].tolist())
        self.gate.wait(10)
        self._at_once -= 1
        if (fed["x"] == 13).any():
            raise ValueError("thirteen")
        return 2 * fed["x"]


@asynccontextmanager
async def batching(run, instances: int = 1, **limits):
    batcher = Batcher(run, Limits(**limits), instances)
    batcher.start()
    try:
        yield batcher
    finally:
        run.gate.set()
        await batcher.close()


def soon(seconds: float = 20.0) -> float:
    return asyncio.get_running_loop().time() + seconds


def send(batcher, *values, seconds: float = 20.0, width: int = 2):
    return asyncio.create_task(batcher.submit(rows(*values, width=width), soon(seconds)))


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # a condition has no event
            await asyncio.sleep(0.001)


async def occupied(batcher, run):
    """A task whose batch runs until the gate opens."""
    task = send(batcher, 0)
    await until(lambda: run.batches == [[0]])
    return task


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
            await until(lambda: batcher.waiting_rows == 3)
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
            await until(lambda: batcher.waiting_rows == 14)
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


@pytest.mark.parametrize("limit", [{"waiting_rows": 4}, {"waiting_bytes": 4 * 8}])
def test_a_full_queue_admits_all_rows_of_a_request_or_none(limit):
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, **limit) as batcher:
            tasks = [await occupied(batcher, run), send(batcher, 1, 2, 3)]
            await until(lambda: batcher.waiting_rows == 3)
            with pytest.raises(QueueFull):
                await send(batcher, 4, 5)
            assert batcher.waiting_rows == 3
            tasks.append(send(batcher, 6))
            await until(lambda: batcher.waiting_rows == 4)
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
            await until(lambda: batcher.waiting_rows == 3)
            gone.cancel()
            await until(lambda: batcher.waiting_rows == 2)
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
            await until(lambda: batcher.waiting_rows == 3)
            run.gate.set()
            await until(lambda: len(run.batches) == 2)
            gone.cancel()
            results = await asyncio.gather(first, left, right)
        assert [result.output[0, 0] for result in results] == [0, 2, 6]

    asyncio.run(scenario())


def test_an_expired_request_is_told_so_and_never_runs():
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


def test_one_failure_does_not_fail_its_batchmates():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            tasks = [send(batcher, n) for n in (12, 13, 14)]
            await until(lambda: batcher.waiting_rows == 3)
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
            await until(lambda: batcher.waiting_rows == 6)
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
            await until(lambda: batcher.waiting_rows == 9)
            run.gate.set()
            await asyncio.gather(*tasks)
        assert run.batches == [[0], [1, 1, 1, 3], [2, 2, 2, 2], [4]]

    asyncio.run(scenario())


def test_so_many_batches_run_at_once_as_there_are_instances():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, instances=2, batch_rows=1) as batcher:
            tasks = [send(batcher, n) for n in range(4)]
            await until(lambda: run.most_at_once == 2)
            run.gate.set()
            await asyncio.gather(*tasks)
        assert run.most_at_once == 2

    asyncio.run(scenario())


def test_a_batch_is_told_whether_it_has_the_cores_to_itself():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run, instances=2, batch_rows=1) as batcher:
            first = send(batcher, 0)
            await until(lambda: len(run.alone) == 1)
            second = send(batcher, 1)
            await until(lambda: len(run.alone) == 2)
            run.gate.set()
            await asyncio.gather(first, second)
            await send(batcher, 2)
            both = asyncio.gather(send(batcher, 3), send(batcher, 4))
            await both
        assert run.alone == [True, False, True, False, False]

    asyncio.run(scenario())


@pytest.mark.parametrize(("batch_s", "rows_of"), [(0.1, [1, 1, 1, 1]), (math.inf, [1, 3])])
def test_a_batch_that_would_take_long_is_cut(batch_s, rows_of):
    def slowly(fed, _alone):
        found.append(len(fed["x"]))
        time.sleep(0.06)
        return fed["x"]

    found: list[int] = []

    async def scenario():
        batcher = Batcher(slowly, Limits(batch_rows=16, batch_s=batch_s))
        batcher.start()
        await asyncio.gather(*(send(batcher, n) for n in range(4)))
        await batcher.close()

    asyncio.run(scenario())
    assert found == rows_of


def test_closing_refuses_what_waits_and_lets_what_runs_finish():
    async def scenario():
        run = Doubler(is_open=False)
        batcher = Batcher(run, Limits())
        batcher.start()
        running = await occupied(batcher, run)
        waiting = send(batcher, 1)
        await until(lambda: batcher.waiting_rows == 1)
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
            await batcher.submit(rows(1), soon())

    asyncio.run(scenario())


def test_the_time_of_waiting_is_told():
    async def scenario():
        run = Doubler(is_open=False)
        async with batching(run) as batcher:
            first = await occupied(batcher, run)
            second = send(batcher, 1)
            await asyncio.sleep(0.03)
            run.gate.set()
            assert (await first).queue_s < (await second).queue_s
            assert (await second).queue_s >= 0.02

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


def test_what_is_made_of_rows_is_told_where_they_begin():
    async def scenario():
        run = Doubler()
        async with batching(run, batch_rows=4) as batcher:
            result = await batcher.submit_and_finish(
                rows(*range(10)), soon(), lambda output, first: (first, len(output), threading.current_thread().name)
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
            refused = asyncio.create_task(batcher.submit_and_finish(rows(1, 1), soon(), refuse))
            neighbour = send(batcher, 2)
            await until(lambda: batcher.waiting_rows == 3)
            run.gate.set()
            results = await asyncio.gather(first, refused, neighbour, return_exceptions=True)
        assert isinstance(results[1], ValueError)
        assert results[2].output[0, 0] == 4
        assert run.batches == [[0], [1, 1, 2]]

    asyncio.run(scenario())


def test_light_rows_that_are_quick_stay_on_the_event_loop_and_others_do_not():
    async def scenario():
        def where(output, first):
            return threading.current_thread().name

        run = Doubler()
        async with batching(run, batch_rows=4) as batcher:

            async def ask(count, light):
                work = batcher.submit_and_finish(rows(*range(count)), soon(), where, light)
                return (await work).output[0].partition("_")[0]

            assert await ask(1, light=True) == "infer"  # nothing is known of its time yet
            assert await ask(1, light=True) == "MainThread"
            assert await ask(1, light=False) == "infer"
            run.gate.clear()
            threading.Timer(0.05, run.gate.set).start()
            assert await ask(1, light=False) == "infer"  # this one takes 50 ms
            for _ in range(60):
                run.gate.clear()
                threading.Timer(0.01, run.gate.set).start()
                await ask(1, light=False)
            assert await ask(1, light=True) == "infer"

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
