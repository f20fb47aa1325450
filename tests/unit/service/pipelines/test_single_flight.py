import asyncio

import pytest

from service.errors import DeadlineExceeded, EngineError
from service.pipelines.single_flight import SingleFlight


def later():
    return asyncio.get_running_loop().time() + 5


class Work:
    """Counts how often it was started, and ends on request."""

    def __init__(self):
        self.begun, self.go, self.cancelled = 0, asyncio.Event(), 0

    async def __call__(self):
        self.begun += 1
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return object()


async def started(flight, work, count, key="key"):
    tasks = [asyncio.create_task(flight.run(key, work, later())) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def test_identical_work_in_flight_is_done_once():
    async def scenario():
        flight, work = SingleFlight(), Work()
        tasks = await started(flight, work, 5)
        other = await started(flight, work, 1, "other")
        work.go.set()
        results = await asyncio.gather(*tasks)
        assert len({id(result) for result, _ in results}) == 1
        assert [is_own for _, is_own in results] == [True, False, False, False, False]
        assert (await other[0])[0] is not results[0][0]
        assert work.begun == 2
        await flight.run("key", work, later())
        assert work.begun == 3  # nothing is stored after it is done

    asyncio.run(scenario())


def test_a_leader_that_goes_away_does_not_fail_its_followers():
    async def scenario():
        flight, work = SingleFlight(), Work()
        leader, *followers = await started(flight, work, 3)
        leader.cancel()
        await asyncio.sleep(0)
        work.go.set()
        await asyncio.gather(*followers)
        assert (work.begun, work.cancelled) == (1, 0)

    asyncio.run(scenario())


def test_work_that_nobody_waits_for_is_given_up_and_begun_afresh():
    async def scenario():
        flight, work = SingleFlight(), Work()
        for task in await started(flight, work, 3):
            task.cancel()
        await asyncio.sleep(0)
        (again,) = await started(flight, work, 1)
        work.go.set()
        await again
        assert (work.begun, work.cancelled) == (2, 1)

    asyncio.run(scenario())


def test_all_callers_get_the_failure():
    async def scenario():
        flight = SingleFlight()

        async def failing():
            await asyncio.sleep(0)
            raise EngineError("no")

        tasks = await started(flight, failing, 3)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [EngineError] * 3

    asyncio.run(scenario())


def test_a_leader_s_deadline_is_not_its_followers():
    async def scenario():
        flight, calls = SingleFlight(), []

        async def work():
            calls.append(1)
            await asyncio.sleep(0.01)
            if len(calls) == 1:
                raise DeadlineExceeded("too late")
            return "done"

        leader, *followers = await started(flight, work, 3)
        with pytest.raises(DeadlineExceeded):
            await leader
        assert [result for result, _ in await asyncio.gather(*followers)] == ["done", "done"]
        assert len(calls) == 2

    asyncio.run(scenario())


def test_light_work_is_done_by_the_first_caller():
    async def scenario():
        flight, work = SingleFlight(), Work()
        tasks = [asyncio.create_task(flight.run_light(key, work)) for key in ("key", "key", "other", "key")]
        await asyncio.sleep(0)
        assert work.begun == 2
        work.go.set()
        results = await asyncio.gather(*tasks)
        assert [is_own for _, is_own in results] == [True, False, True, False]
        assert results[0][0] is results[1][0] is results[3][0]
        assert (await flight.run_light("key", work))[1]  # nothing is stored after it is done

    asyncio.run(scenario())


def test_if_the_first_caller_leaves_or_fails_the_next_does_light_work():
    async def scenario():
        flight, work = SingleFlight(), Work()
        first, *others = (asyncio.create_task(flight.run_light("key", work)) for _ in range(3))
        await asyncio.sleep(0)
        first.cancel()
        for _ in range(5):  # until the next has begun, and the one after it waits
            await asyncio.sleep(0)
        work.go.set()
        results = await asyncio.gather(*others)
        assert [is_own for _, is_own in results] == [True, False]
        assert (work.begun, work.cancelled) == (2, 1)

        async def fail():
            await asyncio.sleep(0)
            raise EngineError("broken")

        failing = [asyncio.create_task(flight.run_light("key", fail)) for _ in range(2)]
        for task in failing:
            with pytest.raises(EngineError):
                await task

    asyncio.run(scenario())
