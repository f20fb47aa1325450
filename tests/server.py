"""The real server, as a user starts it, on a free port of this machine."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.waiting import LIMIT_S, wait_until


@dataclass
class Server:
    """A running server process."""

    process: "subprocess.Popen[str]"
    port: int
    log: Path
    ready_s: float = 0.0

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    def status(self, path: str) -> int:
        """The status of a GET; 0 if there is no response."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=LIMIT_S) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def loop_cpu_s(self) -> float:
        """CPU time of the main thread, which runs the event loop of the only worker, in seconds."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9

    def peak_mib(self) -> float:
        """Most memory that was resident at once."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", text)
        assert found
        return int(found[1]) / 1024

    def resident_mib(self) -> float:
        """Memory that is resident at present."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", text)
        assert found
        return int(found[1]) / 1024

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def running(models: Path, log: Path | None = None, **settings: str) -> Iterator[Server]:
    """Start `python -m service` over a folder of packages and wait until it is ready.

    Args:
        log: file for its log, which is discarded by default.
        **settings: more environment variables. There is one worker unless GANVAS_WORKERS is among them.
    """
    port = free_port()
    environment = (
        os.environ
        | {
            "GANVAS_PORT": str(port),
            "GANVAS_MODELS_DIR": str(models),
            "GANVAS_WORKERS": "1",
        }
        | settings
    )
    target = log or Path(os.devnull)
    with target.open("w") as file:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "service"], env=environment, stderr=file, text=True)
        server = Server(process, port, target)
        try:
            wait_until(lambda: server.status("/readyz") == 200 or process.poll() is not None, pause_s=0.02)
            if process.poll() is not None:
                raise RuntimeError(f"the server did not become ready: {target.read_text()}")
            server.ready_s = time.perf_counter() - started
            yield server
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(timeout=LIMIT_S)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
