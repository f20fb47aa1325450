"""The bound: what two cores give without HTTP. One process, batches of 16, each image encoded in the same thread.

Threads that spin while they wait are faster on a machine that is idle otherwise, and slower on one that is not: half
of the time is measured with, half without, and the faster counts.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmark.peers.generation import Network, Task

_WARM_BATCHES = 3


def measure(task: Task, image: Path | None, seconds: float, of_cpu: bool = False) -> float:
    """Images per second, or per second of CPU time, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmark.bound", task.onnx, "--seconds", str(seconds)]
    command += ["--threads", str(task.threads), "--batch", str(task.batch)]
    command += ["--image", str(image)] if image else []
    command += ["--of-cpu"] if of_cpu else []
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def _run(task: Task, jpeg: bytes | None, seconds: float, spins: bool, clock: Callable[[], float]) -> float:
    network = Network(task, spins)
    count = -_WARM_BATCHES * task.batch
    started = clock()
    while count <= 0 or clock() - started < seconds:
        if count == 0:
            started = clock()
        network.answer([jpeg or (count + index) % 2**31 for index in range(task.batch)])
        count += task.batch
    return count / (clock() - started)


def main() -> None:
    """Prints the number."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.bound")
    parser.add_argument("onnx")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--image", type=Path, help="a JPEG; the network translates it instead of generating from seeds")
    parser.add_argument("--of-cpu", action="store_true", help="count seconds of CPU time")
    options = parser.parse_args()
    clock = time.process_time if options.of_cpu else time.perf_counter
    task = Task(options.onnx, options.image is not None, 0, options.threads, options.batch)
    jpeg = options.image.read_bytes() if options.image else None
    print(json.dumps(max(_run(task, jpeg, options.seconds / 2, spins, clock) for spins in (True, False))))


if __name__ == "__main__":
    main()
