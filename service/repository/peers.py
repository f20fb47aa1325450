"""What the worker processes of one service know of each other.

Who is ready, which versions each has proven, and how often a client has asked.

Files in a folder that they share; nothing of it outlives the service.
"""

import contextlib
import json
import logging
import os
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limits.storage import Storage

_STATE = ".state"
_log = logging.getLogger(__name__)


class Board:
    """Where each worker says how it is, and reads the others' word."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = folder / f"{os.getpid()}{_STATE}"
        self._said: dict[str, Any] = {}

    def say(self, is_ready: bool, proven: Mapping[str, float]) -> None:
        """Tells the other workers, where it has changed.

        Args:
            is_ready: whether requests may come.
            proven: versions that this worker could serve, and since when, by the machine's monotonic clock, which its
                processes have in common.
        """
        word = {"ready": is_ready, "proven": dict(proven)}
        if word != self._said:
            draft = self._own.with_suffix(".draft")
            with contextlib.suppress(OSError):  # the disk is full, perhaps: it is said again in a moment
                draft.write_text(json.dumps(word))
                draft.replace(self._own)
                self._said = word

    def all_ready(self) -> bool:
        """Whether no other worker that lives says otherwise."""
        try:
            return all(word["ready"] for word in self._words())
        except OSError:  # too many files are open: more clients would not be served either
            return False

    def any_ready(self) -> bool:
        """Whether another worker is ready."""
        return any(word["ready"] for word in self._words())

    def since(self, version: str) -> float | None:
        """Since when every other worker that lives has proven a version; None where one has not."""
        times = [word["proven"].get(version) for word in self._words()]
        return None if None in times else max(times, default=0.0)

    def dead(self) -> list[int]:
        """Workers that have gone without a word; each is named once, to whichever worker looks first."""
        found = []
        for file in self._folder.glob(f"*{_STATE}"):
            pid = int(file.stem)
            with contextlib.suppress(FileNotFoundError):
                if not _lives(pid):
                    file.unlink()
                    found.append(pid)
        return found

    def _words(self) -> list[dict[str, Any]]:
        """Of the other workers that live."""
        words = []
        for file in self._folder.glob(f"*{_STATE}"):
            pid = int(file.stem)
            with contextlib.suppress(FileNotFoundError):
                if file != self._own and _lives(pid):
                    words.append(json.loads(file.read_text()))
        return words


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class SharedCounts(Storage):
    """Counts of rates for `limits`, in a file that several processes share, or in the memory of one.

    All times are of the machine's monotonic clock, which its processes have in common: when the wall clock is set back,
    nobody waits longer for it, as with the storages that `limits` brings.
    """

    STORAGE_SCHEME = None

    def __init__(self, path: Path | None = None) -> None:
        """Opens the file at `path`, or counts in memory."""
        super().__init__()
        self._data = sqlite3.connect(path or ":memory:", timeout=5.0, isolation_level=None, check_same_thread=False)
        # The counts are worth nothing after a crash, so that nothing has to reach the disk.
        for line in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF"):
            self._data.execute(line)
        self._data.execute("CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, amount INTEGER, expires REAL)")
        self._swept = time.monotonic()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong."""
        return sqlite3.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Adds to a count, which begins anew once it has expired.

        Where it cannot be written down, as on a full disk, it begins anew each time: nobody is turned away for that.
        """
        now = time.monotonic()
        try:
            self._sweep(now)
            (count,) = self._data.execute(
                "INSERT INTO counts VALUES (?1, ?2, ?3) ON CONFLICT (key) DO UPDATE SET "
                "amount = CASE WHEN expires <= ?4 THEN ?2 ELSE amount + ?2 END, "
                "expires = CASE WHEN expires <= ?4 THEN ?3 ELSE expires END RETURNING amount",
                (key, amount, now + expiry, now),
            ).fetchone()
        except sqlite3.OperationalError as error:
            _log.error("a rate cannot be counted", extra={"reason": str(error)})
            return amount
        return int(count)

    def get(self, key: str) -> int:
        """A count at present."""
        return int(self._row(key)[0])

    def get_expiry(self, key: str) -> float:
        """When a count begins anew, in seconds of the monotonic clock."""
        return float(self._row(key)[1])

    def check(self) -> bool:
        """Whether it can be asked."""
        return bool(self._data.execute("SELECT 1").fetchone())

    def reset(self) -> int | None:
        """Forgets every count."""
        return self._data.execute("DELETE FROM counts").rowcount

    def clear(self, key: str) -> None:
        """Forgets one count."""
        self._data.execute("DELETE FROM counts WHERE key = ?", (key,))

    def _row(self, key: str) -> tuple[Any, Any]:
        now = time.monotonic()
        row = self._data.execute(
            "SELECT amount, expires FROM counts WHERE key = ? AND expires > ?", (key, now)
        ).fetchone()
        return row or (0, now)

    def _sweep(self, now: float) -> None:
        """Forgets what has expired, now and then: clients are without end."""
        if now - self._swept > 60.0:
            self._swept = now
            self._data.execute("DELETE FROM counts WHERE expires <= ?", (now,))
