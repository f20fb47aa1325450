"""The other worker processes of the service: which are ready, and which model versions each has verified.

Each worker writes one file into a folder that all share. Nothing of it outlives the service.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.repository.atomic import write_atomically

_SUFFIX = ".state"


class Peers:
    """Reports this worker's state to the other workers, and reads theirs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = folder / f"{os.getpid()}{_SUFFIX}"
        self._reported: dict[str, Any] = {}

    def report(self, is_ready: bool, verified: Mapping[str, float]) -> None:
        """Report this worker's state if it has changed.

        Args:
            is_ready: whether this worker accepts requests.
            verified: versions that this worker could serve, with the time of their verification in seconds of the
                machine's monotonic clock, which its processes share.
        """
        state = {"ready": is_ready, "verified": dict(verified)}
        if state != self._reported:
            with contextlib.suppress(OSError):  # such as a full disk: the next report tries again
                write_atomically(self._own, json.dumps(state).encode())
                self._reported = state

    def all_ready(self) -> bool:
        """Whether every other live worker is ready."""
        try:
            return all(state["ready"] for state in self._states())
        except OSError:  # too many files are open: more clients would not be served either
            return False

    def any_ready(self) -> bool:
        """Whether another worker is ready."""
        return any(state["ready"] for state in self._states())

    def verified_since(self, version: str) -> float | None:
        """When the last of the other live workers verified a version; None if one has not yet; 0 without others."""
        times = [state["verified"].get(version) for state in self._states()]
        return None if None in times else max(times, default=0.0)

    def dead(self) -> list[int]:
        """Process ids of workers that died; each is returned once, to the worker that looks first."""
        found = []
        for file in self._folder.glob(f"*{_SUFFIX}"):
            pid = int(file.stem)
            with contextlib.suppress(FileNotFoundError):
                if not _lives(pid):
                    file.unlink()
                    found.append(pid)
        return found

    def _states(self) -> list[dict[str, Any]]:
        """What the other live workers reported."""
        states = []
        for file in self._folder.glob(f"*{_SUFFIX}"):
            pid = int(file.stem)
            with contextlib.suppress(FileNotFoundError):
                if file != self._own and _lives(pid):
                    states.append(json.loads(file.read_text()))
        return states


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
