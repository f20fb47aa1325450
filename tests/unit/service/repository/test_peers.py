import json
import os
import time

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from service.repository import peers
from service.repository.peers import Board, SharedCounts


def test_counts_are_shared_between_processes_and_expire(tmp_path):
    one, other = (SharedCounts(tmp_path / "counts.sqlite") for _ in range(2))
    assert [one.incr("a", 60), other.incr("a", 60), one.incr("b", 60)] == [1, 2, 1]
    assert one.get("a") == other.get("a") == 2
    assert time.monotonic() + 50 < other.get_expiry("a") <= time.monotonic() + 60
    one.incr("short", 0.05)
    time.sleep(0.1)
    assert other.get("short") == 0
    assert other.incr("short", 60) == 1
    one.clear("a")
    assert other.get("a") == 0
    assert other.check()
    assert one.reset() == 2


def test_expired_counts_do_not_pile_up(tmp_path):
    counts = SharedCounts(tmp_path / "counts.sqlite")
    for client in range(50):
        counts.incr(f"client{client}", 0.01)
    time.sleep(0.05)
    counts._swept = 0.0
    counts.incr("new", 60)
    assert counts._data.execute("SELECT count(*) FROM counts").fetchone() == (1,)


def test_a_limiter_counts_over_processes(tmp_path):
    limiters = [FixedWindowRateLimiter(SharedCounts(tmp_path / "counts.sqlite")) for _ in range(2)]
    rate = parse("3/hour")
    assert [limiters[turn % 2].hit(rate, "client") for turn in range(5)] == [True, True, True, False, False]


@pytest.mark.parametrize("place", ["file", "memory"])
def test_counts_do_not_care_for_the_wall_clock(tmp_path, monkeypatch, place):
    counts = SharedCounts(tmp_path / "counts.sqlite" if place == "file" else None)
    assert [counts.incr("a", 60), counts.incr("b", 0.05)] == [1, 1]
    true_time = time.time
    for seconds in (-3600, 3600):
        monkeypatch.setattr(time, "time", lambda seconds=seconds: true_time() + seconds)
        assert 50 < counts.get_expiry("a") - time.monotonic() <= 60
    assert counts.incr("a", 60) == 2
    time.sleep(0.1)
    assert counts.incr("b", 60) == 1


def test_on_a_full_disk_nobody_is_turned_away(tmp_path, caplog):
    counts = SharedCounts(tmp_path / "counts.sqlite")
    limiter = FixedWindowRateLimiter(counts)
    (pages,) = counts._data.execute("PRAGMA page_count").fetchone()
    counts._data.execute(f"PRAGMA max_page_count = {pages}")
    assert all(limiter.hit(parse("1/hour"), f"client{number}" * 100) for number in range(50))
    assert "cannot be counted" in caplog.text
    assert any("full" in record.reason for record in caplog.records)


def test_what_cannot_be_said_on_a_full_disk_is_said_later(tmp_path, monkeypatch):
    board, own = Board(tmp_path), tmp_path / f"{os.getpid()}.state"

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "write_text", full)
        board.say(True, {})
    assert not own.exists()
    board.say(True, {"tiny@1": 5.0})
    assert json.loads(own.read_text()) == {"ready": True, "proven": {"tiny@1": 5.0}}


def test_a_board_knows_who_is_ready_and_who_has_died(tmp_path):
    def word(pid, is_ready, **proven):
        (tmp_path / f"{pid}.state").write_text(json.dumps({"ready": is_ready, "proven": proven}))

    board = Board(tmp_path)
    board.say(True, {})
    assert board.all_ready()
    assert not board.any_ready()  # of the others there is none
    parent, dead = os.getppid(), 4194303  # above the largest process id that Linux gives by default
    word(parent, False)
    assert not board.all_ready()
    word(parent, True)
    assert board.all_ready()
    assert board.any_ready()
    word(dead, False)
    assert board.all_ready()
    assert board.dead() == [dead]
    assert board.dead() == []
    assert (tmp_path / f"{parent}.state").exists()


def test_a_dead_worker_is_named_to_one_of_those_who_look_at_the_same_moment(tmp_path, monkeypatch):
    (tmp_path / "4194303.state").write_text("{}")
    one, other = Board(tmp_path), Board(tmp_path)
    named, lives = list[int](), peers._lives

    def meanwhile(pid):
        monkeypatch.setattr(peers, "_lives", lives)
        named.extend(other.dead())
        return lives(pid)

    monkeypatch.setattr(peers, "_lives", meanwhile)
    assert one.dead() + named == [4194303]


def test_a_version_is_proven_since_the_last_of_the_others_has_proven_it(tmp_path):
    others = [os.getppid(), 1]  # processes that live
    board = Board(tmp_path)
    assert board.since("tiny@1") == 0.0  # there are no others
    for pid, proven in zip(others, ({"tiny@1": 3.0}, {}), strict=True):
        (tmp_path / f"{pid}.state").write_text(json.dumps({"ready": True, "proven": proven}))
    assert board.since("tiny@1") is None
    (tmp_path / "1.state").write_text(json.dumps({"ready": True, "proven": {"tiny@1": 8.0}}))
    assert board.since("tiny@1") == 8.0
