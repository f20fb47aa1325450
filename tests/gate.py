"""A gate before every inference of this process, so that a test decides when one runs."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.waiting import LIMIT_S

Inputs = Mapping[str, Any]


class Gate:
    """Counts the inferences that begin, and holds them while it is closed.

    Attributes:
        started: inferences that have arrived at the gate; those that are held are among them.
        started_rows: their rows.
        running: inferences that have arrived and have not ended.
    """

    def __init__(self) -> None:
        self.started = self.started_rows = self.running = 0
        self._change = threading.Condition()
        self._holds: Callable[[Inputs], bool] | None = None
        self._permits = 0

    @contextmanager
    def closed(self, holds: Callable[[Inputs], bool] = lambda inputs: True) -> Iterator["Gate"]:
        """Hold the inferences for whose inputs `holds` is true, until the end of the block or `open`."""
        with self._change:
            self._holds, self._permits = holds, 0
        try:
            yield self
        finally:
            self.open()

    def open(self) -> None:
        """Let everything through."""
        with self._change:
            self._holds = None
            self._change.notify_all()

    def permit(self, count: int = 1) -> None:
        """Let so many more inferences through."""
        with self._change:
            self._permits += count
            self._change.notify_all()

    def wrap(self, run: Callable[..., Any]) -> Callable[..., Any]:
        """The method `run` of a session, behind the gate."""

        def gated(session: Any, inputs: Inputs, *rest: Any, **options: Any) -> Any:
            self._enter(inputs)
            try:
                return run(session, inputs, *rest, **options)
            finally:
                with self._change:
                    self.running -= 1

        return gated

    def _enter(self, inputs: Inputs) -> None:
        with self._change:
            self.started += 1
            self.started_rows += len(next(iter(inputs.values())))
            self.running += 1
            if self._holds is None or not self._holds(inputs):
                return
            self._change.wait_for(lambda: self._holds is None or self._permits > 0, LIMIT_S)
            self._permits -= self._holds is not None
