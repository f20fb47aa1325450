"""Counts of requests per client and period, shared by the worker processes through one SQLite file.

The event loop counts each request, so that no call here waits: while another process holds the file's lock, requests
are counted in memory, and written with the client's next request after that.
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from limits.storage import Storage

_OPEN_TIMEOUT_S = 5.0  # of the setup, before any request: workers that start together set up the file in turn
_SWEEP_INTERVAL_S = 60.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_log = logging.getLogger(__name__)


class RateStore(Storage):
    """A storage for `limits`: in a file that several processes share, or in the memory of one.

    All times are seconds of the machine's monotonic clock, which its processes share. A change of the wall clock
    therefore affects nobody, unlike with the storages of `limits`.
    """

    STORAGE_SCHEME = None

    def __init__(self, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the file at `path`, or count in memory; `clock` gives the time in seconds."""
        super().__init__()
        self._clock = clock
        self._data = sqlite3.connect(
            path or ":memory:", timeout=_OPEN_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        # The counts are worthless after a crash, so nothing has to reach the disk.
        for line in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF"):
            self._data.execute(line)
        self._data.execute("CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, amount INTEGER, expires REAL)")
        self._data.execute("PRAGMA busy_timeout = 0")  # from now on, a locked file is an error at once
        self._unwritten: dict[str, tuple[int, float]] = {}  # amount and expiry, counted while the file was locked
        self._swept = self._clock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """Errors of the storage."""
        return sqlite3.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a count and return it; it restarts once it has expired.

        If the file is locked, the amount is counted in memory. If it cannot be written, as on a full disk, the count
        restarts each time, so that nobody is refused for that.
        """
        now = self._clock()
        waiting, expires = self._unwritten.pop(key, (0, 0.0))
        if expires <= now:
            waiting, expires = 0, now + expiry
        try:
            self._sweep(now)
            (count,) = self._data.execute(
                "INSERT INTO counts VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET "
                "amount = CASE WHEN expires <= ?4 THEN ?2 ELSE amount + ?2 END, "
                "expires = CASE WHEN expires <= ?4 THEN ?3 ELSE expires END RETURNING amount",
                (key, waiting + amount, expires, now),
            ).fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in _BUSY:
                self._unwritten[key] = (waiting + amount, expires)
                return self.get(key)
            _log.error("a rate cannot be counted", extra={"reason": str(error)})
            return amount
        return int(count)

    def get(self, key: str) -> int:
        """The present count."""
        return int(self._row(key)[0])

    def get_expiry(self, key: str) -> float:
        """When a count restarts, in seconds of the monotonic clock."""
        return float(self._row(key)[1])

    def check(self) -> bool:
        """Whether the storage can be read."""
        return bool(self._data.execute("SELECT 1").fetchone())

    def reset(self) -> int | None:
        """Delete every count; returns how many the file had."""
        self._unwritten.clear()
        return self._data.execute("DELETE FROM counts").rowcount

    def clear(self, key: str) -> None:
        """Delete one count."""
        self._unwritten.pop(key, None)
        self._data.execute("DELETE FROM counts WHERE key = ?", (key,))

    def _row(self, key: str) -> tuple[int, float]:
        """Amount and expiry of a count, in the file and in memory together."""
        now = self._clock()
        waiting, until = self._unwritten.get(key, (0, now))
        if until <= now:
            waiting, until = 0, now
        try:
            row: Any = self._data.execute(
                "SELECT amount, expires FROM counts WHERE key = ? AND expires > ?", (key, now)
            ).fetchone()
        except sqlite3.OperationalError as error:  # locked even for readers
            if error.sqlite_errorcode not in _BUSY:
                raise
            row = None
        amount, expires = row or (0, until)
        return amount + waiting, expires

    def _sweep(self, now: float) -> None:
        """Delete expired counts once per minute: the number of clients is unbounded."""
        if now - self._swept > _SWEEP_INTERVAL_S:
            self._swept = now
            self._unwritten = {key: value for key, value in self._unwritten.items() if value[1] > now}
            self._data.execute("DELETE FROM counts WHERE expires <= ?", (now,))
