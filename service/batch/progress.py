"""How far a run is, on the standard error output: a line that changes on a terminal, else one every half minute."""

import sys
import time
from collections.abc import Iterable
from typing import Self, TextIO

_SILENCE_S = 30.0
_FRAME_S = 0.1
_WIDTH = 24


class Progress:
    """Counts what is done, and tells the rate and the time left."""

    def __init__(self, total: int, done: int = 0, warnings: Iterable[str] = (), stream: TextIO | None = None) -> None:
        """Starts the clock.

        Args:
            total: pictures of the whole run.
            done: of them, before this run began.
            warnings: told first.
            stream: where it is told; by default the standard error output.
        """
        self.total, self.before, self.count = total, done, 0
        self._stream = stream or sys.stderr
        self._moves = self._stream.isatty()
        self._started = time.monotonic()
        self._told = self._started if not self._moves else 0.0
        self._shown = ""
        for warning in warnings:
            self.say(f"warning: {warning}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, count: int = 1) -> None:
        """So many more are done."""
        self.count += count
        now = time.monotonic()
        if now - self._told >= (_FRAME_S if self._moves else _SILENCE_S):
            self._told = now
            self._show()

    def say(self, line: str) -> None:
        """A line of its own, which stays."""
        self._clear()
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """Ends the line that changes."""
        if self._moves:
            self._show()
            print(file=self._stream, flush=True)
            self._shown = ""

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    @property
    def rate(self) -> float:
        """Pictures a second of this run."""
        return self.count / max(self.seconds, 1e-9)

    def line(self) -> str:
        """How far it is."""
        done = self.before + self.count
        filled = _WIDTH * done // max(1, self.total)
        left = "" if not self.count else f", {_clock((self.total - done) / self.rate)} left"
        return f"[{'#' * filled:<{_WIDTH}}] {done:,} of {self.total:,}, {self.rate:,.1f} images/s{left}"

    def _show(self) -> None:
        line = self.line()
        if not self._moves:
            print(line, file=self._stream, flush=True)
            return
        print(f"\r{line:<{len(self._shown)}}", end="", file=self._stream, flush=True)
        self._shown = line

    def _clear(self) -> None:
        if self._shown:
            print(f"\r{' ' * len(self._shown)}\r", end="", file=self._stream)
            self._shown = ""


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
