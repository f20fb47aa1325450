"""The deployment of deploy/ray on a real Ray of this machine, as `serve run` starts it."""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.benchmark import processes
from tests.server import free_port

_ROOT = Path(__file__).parents[1]
_CONFIG = _ROOT / "deploy/ray/serve_config.yaml"
_REPLICA = b"ray::ServeReplica"
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_LOG_TO_DRIVER": "0"}
PROXIES: dict[str, dict[str, str]] = {
    "Ray's own proxy": {},
    # HAProxy may ask another replica where one has gone without an answer: drawing twice does no harm.
    "HAProxy": {"RAY_SERVE_ENABLE_HA_PROXY": "1", "RAY_SERVE_HAPROXY_RETRY_ON": "conn-failure empty-response"},
}


@dataclass
class Ray:
    """A Ray of this machine with the service on it."""

    url: str
    root: int
    log: Path

    def replicas(self) -> set[int]:
        """Processes that answer."""
        found = set()
        for pid in processes.tree(self.root):
            command = Path(f"/proc/{pid.number}/cmdline")
            if command.exists() and command.read_bytes().startswith(_REPLICA):
                found.add(pid.number)
        return found

    def drawn(self, client: httpx.Client) -> dict[str, int]:
        """Pictures drawn by each replica that answered, by the time of its start, which tells them apart."""
        told = {}
        for _ in range(40):
            text = client.get("/metrics").text
            (born,) = re.findall(r"^process_start_time_seconds (\S+)", text, re.MULTILINE)
            counts = re.findall(r"^ganvas_request_seconds_count\{.*/sample.*\} (\S+)", text, re.MULTILINE)
            told[born] = sum(int(float(count)) for count in counts)
        return told


@contextmanager
def serving(
    folder: Path, models: Path, least: int, most: int, *changes: tuple[str, str], **environment: str
) -> Iterator[Ray]:
    """`serve run` over the shipped configuration, on another port and with so many replicas."""
    port = free_port()
    text = _CONFIG.read_text()
    for old, new in (
        ("port: 8000", f"port: {port}"),
        ("min_replicas: 1", f"min_replicas: {least}"),
        ("max_replicas: 8", f"max_replicas: {most}"),
        *changes,
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "serve.yaml").write_text(text)
    told = {"PYTHONPATH": str(_ROOT), "GANVAS_MODELS_DIR": str(models), **_QUIET, **environment}
    command = [sys.executable, "-m", "ray.serve.scripts", "run", str(folder / "serve.yaml")]
    with processes.started(command, os.environ | told, folder) as (process, _):
        ray = Ray(f"http://127.0.0.1:{port}", process.pid, folder / processes.LOG)
        until(lambda: is_ready(ray.url) and len(ray.replicas()) == least, ray.log)
        yield ray


def until(holds: Callable[[], bool], log: Path, limit_s: float = 90) -> None:
    """Waits; where it takes too long, shows the end of a log."""
    end = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end, log.read_text()[-5000:]
        time.sleep(0.2)


def is_ready(url: str) -> bool:
    """Whether requests are answered."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
