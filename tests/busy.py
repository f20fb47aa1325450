"""Run the tests that deal with time many times beside stress-ng, which keeps every core busy.

    python -m tests.busy [--runs 20] [--cpu 4] [--whole]

Needs stress-ng (Debian: apt-get install stress-ng). Prints one line per run and ends with 1 if a run failed. No test
depends on the wall clock, so that a failure here is a fault of the test or of the service.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

FILES = (
    "tests/api/test_clock.py",
    "tests/api/test_access.py",
    "tests/api/test_http.py",
    "tests/api/test_leaving.py",
    "tests/api/test_limits.py",
    "tests/api/test_running.py",
    "tests/api/test_slow_clients.py",
    "tests/api/test_streams.py",
    "tests/api/test_translate_limits.py",
    "tests/deploy/test_cache.py",
    "tests/e2e/test_hostile.py",
    "tests/e2e/test_soak.py",
    "tests/e2e/test_whole_line.py",
    "tests/e2e/test_workers.py",
    "tests/unit/service/http/middleware/test_rate_store.py",
    "tests/unit/service/inference/test_batcher.py",
    "tests/unit/service/inference/test_batcher_queue.py",
    "tests/unit/service/inference/test_batcher_timing.py",
    "tests/unit/service/pipelines/test_single_flight.py",
    "tests/unit/service/repository/test_peers.py",
    "tests/unit/service/repository/test_readiness.py",
    "tests/unit/training/loop/test_resume.py",
)
"""Files whose tests wait, set deadlines or read clocks."""

_LIMIT_S = 6 * 3600.0


def _run(files: tuple[str, ...]) -> tuple[bool, str]:
    """Whether pytest passed, and its last line or its failures."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--dist", "loadfile"]
    command += ["-n", "2", "--timeout", "1200", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
    lines = done.stdout.splitlines() or [done.stderr]
    failures = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return done.returncode == 0, "; ".join([lines[-1], *failures])


def main() -> int:
    """Read the command line, run the tests and report each run."""
    parser = argparse.ArgumentParser(prog="python -m tests.busy", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="runs of the files that deal with time")
    parser.add_argument("--cpu", type=int, default=4, help="busy processes of stress-ng")
    parser.add_argument("--whole", action="store_true", help="run the whole suite once afterwards")
    chosen = parser.parse_args()
    if (tool := shutil.which("stress-ng")) is None:
        parser.error("stress-ng is not installed")
    missing = [name for name in FILES if not Path(name).exists()]
    if missing:
        parser.error(f"these files are gone: {', '.join(missing)}")
    plan = [(f"run {number + 1}", FILES) for number in range(chosen.runs)]
    plan += [("whole suite", ())] * chosen.whole
    all_passed = True
    with subprocess.Popen([tool, "--cpu", str(chosen.cpu), "--quiet"]) as stress:
        try:
            for name, files in plan:
                started = time.monotonic()
                passed, summary = _run(files)
                all_passed &= passed
                sys.stdout.write(f"{name}: {time.monotonic() - started:.0f} s: {summary}\n")
                sys.stdout.flush()
        finally:
            stress.terminate()
    return 0 if all_passed else 1


if __name__ == "__main__":
    sys.exit(main())
