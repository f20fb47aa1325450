"""Several worker processes behind one port, which act as one service."""

import logging
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from pathlib import Path
from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, socket
from types import FrameType

from service.server.sizing import worker_count
from service.settings import Settings

SHARED, METRICS = "GANVAS_SHARED_DIR", "PROMETHEUS_MULTIPROC_DIR"
_POLL_S = 0.2
_MIN_LIFE_S = 2.0  # a worker that dies sooner is not restarted at once
_BACKLOG = 2048
_log = logging.getLogger(__name__)


def serve(settings: Settings, work: Callable[[list[socket]], None]) -> int:
    """Start the workers, restart those that die, and stop all of them on a signal.

    Args:
        settings: read by this process only; the workers read the environment.
        work: serves on a socket until a signal stops it. It runs in each worker, so it must be defined in a module.

    Returns:
        0 after an orderly stop.
    """
    folder = Path(tempfile.mkdtemp(prefix="ganvas-"))
    (folder / "metrics").mkdir()
    # The workers read their settings from the environment, as this process did.
    os.environ |= {SHARED: str(folder), METRICS: str(folder / "metrics")}
    try:
        with _listener(settings) as listener:
            return _Supervisor(worker_count(settings), listener, work).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listener(settings: Settings) -> socket:
    listener = socket(AF_INET6 if ":" in settings.host else AF_INET)
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    listener.listen(_BACKLOG)
    return listener


class _Supervisor:
    def __init__(self, count: int, listener: socket, work: Callable[[list[socket]], None]) -> None:
        self._count, self._listener, self._work = count, listener, work
        self._context = multiprocessing.get_context("spawn")  # forking a process with threads is unsafe
        self._running: list[SpawnProcess] = []
        self._signals = 0

    def run(self) -> int:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._count_signal)
        started = 0.0
        while not self._signals:
            self._running = [process for process in self._running if self._lives(process)]
            if len(self._running) < self._count and (not started or time.monotonic() - started > _MIN_LIFE_S):
                started = time.monotonic()
                self._running += [self._start() for _ in range(self._count - len(self._running))]
            time.sleep(_POLL_S)
        # The port closes when the last worker closes it. Open here too, it would accept connections that nobody serves.
        self._listener.close()
        passed_on = 0
        while any(process.is_alive() for process in self._running):
            if passed_on < self._signals:  # a second signal stops at once, as with one process
                passed_on = self._signals
                for process in self._running:
                    process.terminate()
            time.sleep(_POLL_S)
        return max((process.exitcode or 0 for process in self._running), default=0)

    def _count_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _start(self) -> SpawnProcess:
        process = self._context.Process(target=self._work, args=([self._listener],))
        process.start()
        return process

    def _lives(self, process: SpawnProcess) -> bool:
        if not process.is_alive():
            _log.error("a worker has died", extra={"worker": process.pid, "exit_code": process.exitcode})
        return process.is_alive()
