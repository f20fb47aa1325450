import asyncio
import sqlite3
import time

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from service.http.middleware.rate_store import RateStore
from tests.clock import ManualClock


def test_counts_are_shared_between_processes_and_expire(tmp_path):
    clock = ManualClock()
    one, other = (RateStore(tmp_path / "counts.sqlite", clock) for _ in range(2))
    assert [one.incr("a", 60), other.incr("a", 60), one.incr("b", 60)] == [1, 2, 1]
    assert one.get("a") == other.get("a") == 2
    assert other.get_expiry("a") == clock.now + 60
    one.incr("short", 0.05)
    clock.advance(0.1)
    assert other.get("short") == 0
    assert other.incr("short", 60) == 1
    one.clear("a")
    assert other.get("a") == 0
    assert other.check()
    assert one.reset() == 2


def test_expired_counts_do_not_pile_up(tmp_path):
    clock = ManualClock()
    counts = RateStore(tmp_path / "counts.sqlite", clock)
    for client in range(50):
        counts.incr(f"client{client}", 0.01)
    clock.advance(61.0)
    counts.incr("new", 60)
    assert counts._data.execute("SELECT count(*) FROM counts").fetchone() == (1,)


def test_a_limiter_counts_over_processes(tmp_path):
    limiters = [FixedWindowRateLimiter(RateStore(tmp_path / "counts.sqlite")) for _ in range(2)]
    rate = parse("3/hour")
    assert [limiters[turn % 2].hit(rate, "client") for turn in range(5)] == [True, True, True, False, False]


@pytest.mark.parametrize("place", ["file", "memory"])
def test_counts_do_not_care_for_the_wall_clock(tmp_path, monkeypatch, place):
    clock = ManualClock()
    counts = RateStore(tmp_path / "counts.sqlite" if place == "file" else None, clock)
    assert [counts.incr("a", 60), counts.incr("b", 0.05)] == [1, 1]
    true_time = time.time
    for seconds in (-3600, 3600):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: true_time() + seconds)
        assert counts.get_expiry("a") == clock.now + 60
    assert counts.incr("a", 60) == 2
    clock.advance(0.1)
    assert counts.incr("b", 60) == 1


def test_on_a_full_disk_nobody_is_turned_away(tmp_path, caplog):
    counts = RateStore(tmp_path / "counts.sqlite")
    limiter = FixedWindowRateLimiter(counts)
    (pages,) = counts._data.execute("PRAGMA page_count").fetchone()
    counts._data.execute(f"PRAGMA max_page_count = {pages}")
    assert all(limiter.hit(parse("1/hour"), f"client{number}" * 100) for number in range(50))
    assert "cannot be counted" in caplog.text
    assert any("full" in record.reason for record in caplog.records)


@pytest.fixture
def locked(tmp_path):
    """A store whose file another process has locked until `commit`."""
    store = RateStore(tmp_path / "counts.sqlite")
    other = sqlite3.connect(tmp_path / "counts.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield store, other
    other.close()


def test_a_locked_file_is_never_waited_for(locked):
    store, _ = locked
    assert store._data.execute("PRAGMA busy_timeout").fetchone() == (0,)
    assert [store.incr("a", 60), store.incr("a", 60), store.incr("b", 60)] == [1, 2, 1]
    assert (store.get("a"), store.get("b"), store.get("c")) == (2, 1, 0)
    assert time.monotonic() + 50 < store.get_expiry("a") <= time.monotonic() + 60


def test_what_was_counted_while_the_file_was_locked_is_written_later(locked, tmp_path):
    store, lock = locked
    assert [store.incr("a", 60), store.incr("a", 60)] == [1, 2]
    lock.execute("COMMIT")
    other = RateStore(tmp_path / "counts.sqlite")
    assert other.incr("a", 60) == 1
    assert store.incr("a", 60) == 4
    assert other.get("a") == 4


def test_counts_in_the_file_and_in_memory_add_up(tmp_path):
    store = RateStore(tmp_path / "counts.sqlite")
    assert store.incr("a", 60) == 1
    with sqlite3.connect(tmp_path / "counts.sqlite", isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        assert store.incr("a", 60) == 2
        assert store.get("a") == 2
    lock.close()


def test_amounts_in_memory_expire(locked):
    store, _ = locked
    store._unwritten["a"] = (5, time.monotonic() - 1.0)
    assert store.get("a") == 0
    assert store.incr("a", 60) == 1


def test_a_limit_holds_and_the_event_loop_runs_while_the_file_is_locked(locked):
    store, lock = locked
    limiter, order = FixedWindowRateLimiter(store), list[object]()

    async def requests(limited):
        for _ in range(5):
            order.append(limiter.hit(parse("3/hour"), "client"))
            await asyncio.sleep(0)
        limited.set()

    async def release(limited):
        await limited.wait()
        lock.execute("COMMIT")  # only after every request was counted
        order.append("released")

    async def both():
        limited = asyncio.Event()
        await asyncio.gather(requests(limited), release(limited))

    asyncio.run(both())
    assert order == [True, True, True, False, False, "released"]
    assert store.incr("other", 60) == 1
