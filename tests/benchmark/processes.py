"""Servers as processes: started, watched with all that they start, and ended. Linux only: it reads /proc."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

LOG = "log"
_LOOK_S = 1.0
_STOP_S = 10.0
_GONE = (OSError, ValueError, IndexError)


class Pid(NamedTuple):
    """A process; the clock ticks of its start tell it from a later one of the same number."""

    number: int
    started: int


class Watch:
    """The tree of processes under one, and the most memory that it held at once."""

    def __init__(self, root: int) -> None:
        self._root, self.peak_mib = root, 0.0
        self.seen: set[Pid] = set()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def resident_mib(self) -> float:
        """What the tree holds at present; what processes share is counted once."""
        self.seen |= set(tree(self._root))
        total = sum(proportional_kib(pid.number) for pid in self.seen if _lives(pid)) / 1024
        self.peak_mib = max(self.peak_mib, total)
        return total

    def cpu_s(self) -> float:
        """CPU time that the tree has used, in seconds."""
        return cpu_s(self._root)

    def stop(self) -> None:
        """Looks no longer."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            self.resident_mib()


@contextmanager
def watching(root: int) -> Iterator[Watch]:
    """Watches a process and all under it."""
    watch = Watch(root)
    try:
        yield watch
    finally:
        watch.stop()


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> "Iterator[tuple[subprocess.Popen[bytes], Watch]]":
    """Starts a command in a folder, where its log goes; at the end stops it and all that it has started."""
    with (folder / LOG).open("wb") as file:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    with watching(process.pid) as watch:
        try:
            yield process, watch
        finally:
            watch.seen |= set(tree(process.pid))
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_S)
            _kill(watch.seen)
            process.wait()


def tree(root: int) -> list[Pid]:
    """A process and all that descend from it."""
    children: dict[int, list[Pid]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(*_GONE):
                parent, pid = _stat(int(entry.name))
                children.setdefault(parent, []).append(pid)
    found = []
    with suppress(*_GONE):
        found.append(_stat(root)[1])
    for pid in found:
        found += children.get(pid.number, [])
    return found


def cpu_s(root: int) -> float:
    """CPU time of a process and of all that descend from it, in seconds."""
    ticks = 0
    for pid in tree(root):
        with suppress(*_GONE):
            fields = Path(f"/proc/{pid.number}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def proportional_kib(number: int) -> int:
    """Memory of a process in KiB, where a page that n processes share counts 1/n (the kernel's Pss)."""
    with suppress(*_GONE):
        for line in Path(f"/proc/{number}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def resident_kib(number: int) -> int:
    """Resident memory of a process in KiB, all of what it shares included."""
    with suppress(*_GONE):
        return int(Path(f"/proc/{number}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return 0


def _stat(number: int) -> tuple[int, Pid]:
    """Parent and identity; the name, in brackets, may hold anything."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), Pid(number, int(fields[19]))


def _lives(pid: Pid) -> bool:
    with suppress(*_GONE):
        return _stat(pid.number)[1] == pid
    return False


def _kill(pids: set[Pid]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        left = [pid for pid in pids if _lives(pid)]
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid.number, sent)
        ends = time.monotonic() + 2.0
        while time.monotonic() < ends and any(_lives(pid) for pid in left):
            time.sleep(0.05)
