import os
import time

from limits import parse
from limits.strategies import FixedWindowRateLimiter

from service.shared import Board, SharedCounts


def test_counts_are_shared_between_processes_and_expire(tmp_path):
    one, other = (SharedCounts(tmp_path / "counts.sqlite") for _ in range(2))
    assert [one.incr("a", 60), other.incr("a", 60), one.incr("b", 60)] == [1, 2, 1]
    assert one.get("a") == other.get("a") == 2
    assert time.time() + 50 < other.get_expiry("a") <= time.time() + 60
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


def test_a_board_knows_who_is_ready_and_who_has_died(tmp_path):
    board = Board(tmp_path)
    board.say(True)
    assert board.all_ready()
    parent = tmp_path / f"{os.getppid()}.state"  # another process that lives
    parent.write_text("not ready")
    assert not board.all_ready()
    parent.write_text("ready")
    assert board.all_ready()
    (tmp_path / "4194303.state").write_text("not ready")  # above the largest process id that Linux gives by default
    assert board.all_ready()
    assert board.dead() == [4194303]
    assert board.dead() == []
    assert parent.exists()
