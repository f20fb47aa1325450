"""Compare two checkouts of this project: `make bench` of each in turn, the medians of the runs, and their ratio.

    python -m tests.benchmark.compare BEFORE AFTER [--runs 5] [--workloads mnist-gan] [--connections 1 64]

Each checkout runs its own benchmark over its own bundled models, with this interpreter. The order alternates from run
to run, so that a machine that slows down affects both alike.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmark import workloads
from tests.benchmark.targets import SERVICE

Rates = dict[tuple[str, int], list[float]]


def rates(document: Any) -> dict[tuple[str, int], float]:
    """Responses per second of the service by workload and connections, from the JSON of a benchmark."""
    return {
        (name, row["connections"]): row["rate"]
        for name, found in document["workloads"].items()
        for row in found["rows"]
        if row["target"] == SERVICE
    }


def table(before: Rates, after: Rates) -> str:
    """The medians of both checkouts and their ratio, as Markdown."""
    lines = ["| workload | connections | before (1/s) | after (1/s) | after / before |", "|---|---|---|---|---|"]
    for key in sorted(before.keys() & after.keys()):
        old, new = median(before[key]), median(after[key])
        lines.append(f"| {key[0]} | {key[1]} | {old:.0f} | {new:.0f} | {new / old:.3f} |")
    return "\n".join(lines)


def _measure(checkout: Path, options: argparse.Namespace, target: Path) -> dict[tuple[str, int], float]:
    command = [sys.executable, "-m", "tests.benchmark.service", "--peers", "--others", "--json", str(target)]
    command += ["--repeats", "1", "--seconds", str(options.seconds), "--workloads", *options.workloads]
    command += ["--connections", *map(str, options.connections)]
    path = os.pathsep.join((str(checkout), str(checkout / "clients/python")))
    environment = os.environ | {"PYTHONPATH": path}
    subprocess.run(command, cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL)
    return rates(json.loads(target.read_text()))


def main() -> None:
    """Read the command line, run both checkouts in turn and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.compare", description=__doc__)
    parser.add_argument("before", type=Path, help="a checkout")
    parser.add_argument("after", type=Path, help="another checkout")
    parser.add_argument("--runs", type=int, default=5, help="of each checkout")
    parser.add_argument("--seconds", type=float, default=2.0, help="per measurement")
    parser.add_argument("--workloads", nargs="+", choices=workloads.NAMES, default=workloads.NAMES)
    parser.add_argument("--connections", nargs="+", type=int, default=workloads.CONNECTIONS)
    options = parser.parse_args()
    sides = {"before": options.before.resolve(), "after": options.after.resolve()}
    measured: dict[str, Rates] = {side: defaultdict(list) for side in sides}
    with tempfile.TemporaryDirectory(prefix="ganvas-compare-") as folder:
        for run in range(options.runs):
            for side in sorted(sides, reverse=run % 2 == 0):
                for key, rate in _measure(sides[side], options, Path(folder) / "bench.json").items():
                    measured[side][key].append(rate)
            print(
                f"\nafter run {run + 1} of {options.runs}\n\n{table(measured['before'], measured['after'])}", flush=True
            )


if __name__ == "__main__":
    main()
