"""`make bench`: the service under load beside what a user would pick instead, and beside the bare engine, in one run.

All serve the same ONNX file and give the same answer, and they take turns. The bound is one process without HTTP:
batches of 16, and each image encoded in the same thread.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmark import environments, extras, peer_comparison, report, workloads
from tests.benchmark.goals import evaluate
from tests.benchmark.registry import PEERS
from tests.benchmark.targets import SERVICE

_OTHERS = ("start", "translations")


def main() -> None:
    """Measures what is asked for, and prints tables and the goals; --json writes everything down."""
    options = _options()
    generator_name, generator = peer_comparison.choose_generator(options.load)
    plan = peer_comparison.Plan(options.seconds, options.repeats, options.connections, generator)
    print(report.header(generator_name), flush=True)
    names = [SERVICE, *options.peers]
    if notes := report.notes(names):
        print(notes, flush=True)
    absent = environments.install([PEERS[name] for name in options.peers])
    outcomes = {}
    with tempfile.TemporaryDirectory(prefix="ganvas-bench-") as folder:
        for name in options.workloads:
            workload = workloads.make(name, options.models, Path(folder))
            outcomes[name] = peer_comparison.compete(workload, names, absent, plan)
            print(report.table(outcomes[name]), flush=True)
    measures = {
        "start": lambda: extras.start(options.models, options.repeats),
        "translations": lambda: extras.translations(options.models),
    }
    others = {name: _other(name, measures[name]) for name in options.others}
    goals = evaluate(outcomes, others.get("start", {}))
    print(report.verdicts(goals))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(generator_name, outcomes, others, goals), indent=2))


def _other(name: str, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Measures and prints; a failure is reported, and does not take the rest of the run with it."""
    try:
        found = measure()
    except (RuntimeError, OSError) as error:
        print(f"\n{name}: not measured: {error}", flush=True)
        return {}
    print(report.figures(name, found), flush=True)
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundled packages")
    parser.add_argument("--workloads", nargs="*", choices=workloads.NAMES, default=workloads.NAMES)
    parser.add_argument("--peers", nargs="*", choices=tuple(PEERS), default=tuple(PEERS))
    parser.add_argument("--others", nargs="*", choices=_OTHERS, default=_OTHERS)
    parser.add_argument("--connections", nargs="+", type=int, default=workloads.CONNECTIONS)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one point; wrk takes whole ones")
    parser.add_argument("--repeats", type=int, default=3, help="turns, of which the median counts")
    parser.add_argument("--load", choices=("auto", "wrk", "python"), default="auto", help="who makes it")
    parser.add_argument("--json", type=Path, help="a file for every figure")
    return parser.parse_args()


if __name__ == "__main__":
    main()
