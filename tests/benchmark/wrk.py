"""Load by `wrk`, which costs the cores that it shares with the server less than Python does."""

import json
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.benchmark.client_requests import ClientRequest, Load

_SCRIPT = Path(__file__).with_suffix(".lua")
_TIMEOUT_S = 30


def is_installed() -> bool:
    """Whether there is a `wrk` to call."""
    return shutil.which("wrk") is not None


def load(port: int, request: ClientRequest, connections: int, seconds: float, first_seed: int = 0) -> Load:
    """Asks over so many connections for so long (whole seconds), with the seeds first_seed + 1, first_seed + 2, ...

    Raises:
        RuntimeError: wrk failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        body = Path(folder) / "body"
        body.write_bytes(request.body)
        options = ["--threads=1", f"--connections={connections}", f"--duration={math.ceil(seconds)}s"]
        options += [f"--timeout={_TIMEOUT_S}s", f"--script={_SCRIPT}", f"http://127.0.0.1:{port}", "--"]
        arguments = [request.method, request.path, str(first_seed), str(body) if request.body else "-"]
        arguments += [f"{name}: {value}" for name, value in request.headers.items()]
        done = subprocess.run(["wrk", *options, *arguments], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return _parsed(json.loads(line.removeprefix("RESULT ")))
    raise RuntimeError(f"wrk gave no result: {(done.stderr or done.stdout).strip()}")


def _parsed(counts: dict[str, int]) -> Load:
    good = counts["requests"] - counts["refused"]
    failures = counts["refused"] + counts["broken"]
    return Load(good / (counts["us"] / 1e6), counts["p50_us"] / 1000, counts["p99_us"] / 1000, failures)
