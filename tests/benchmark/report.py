"""A run in words for people, and as JSON for programs."""

import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from service.inference.cpu import available_cores
from tests.benchmark.goals import Goal
from tests.benchmark.peer_comparison import Outcome
from tests.benchmark.registry import PEERS

_COLUMNS = ("connections", "requests/s", "of bound", "to best peer", "p50 ms", "p99 ms", "failed", "peak MiB")


@dataclass(frozen=True)
class Row:
    """One point of the table; rates a second, latencies in ms."""

    target: str
    connections: int
    rate: float
    share: float
    to_best_peer: float | None
    p50_ms: float
    p99_ms: float
    failures: int
    peak_mib: float


def rows(outcome: Outcome) -> Iterator[Row]:
    """The points of a workload."""
    for name, connections in sorted(outcome.loads, key=lambda key: key[1]):
        found, best = outcome.load(name, connections), outcome.best_peer(connections)
        share = outcome.share(name, connections)
        assert found
        assert share is not None
        ratio = found.rate / best[1] if best else None
        peak_mib = outcome.peaks_mib.get(name, float("nan"))
        yield Row(name, connections, found.rate, share, ratio, found.p50_ms, found.p99_ms, found.failures, peak_mib)


def header(generator: str) -> str:
    """The machine, and who makes the load."""
    busy = f"load average {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else "load unknown"
    return f"{available_cores()} cores ({_processor()}), {busy}; load by {generator} on the same cores"


def table(outcome: Outcome) -> str:
    """A workload's points, and who is missing."""
    low, high = min(outcome.bounds), max(outcome.bounds)
    lines = [f"\n{outcome.workload}: the bound is {outcome.bound:,.0f} images/s ({low:,.0f} ... {high:,.0f})"]
    lines.append(f"{'':<12}" + "".join(f"{column:>13}" for column in _COLUMNS))
    last = 0
    for row in rows(outcome):
        if last and row.connections != last:
            lines.append("")
        last = row.connections
        ratio = "" if row.to_best_peer is None else f"{row.to_best_peer:.2f}"
        values = [f"{row.connections}", f"{row.rate:,.0f}", f"{row.share:.2f}", ratio, f"{row.p50_ms:.2f}"]
        values += [f"{row.p99_ms:.2f}", f"{row.failures}", f"{row.peak_mib:,.0f}"]
        lines.append(f"{row.target:<12}" + "".join(f"{value:>13}" for value in values))
    lines += [f"{name:<12} not measured: {reason}" for name, reason in outcome.absent.items()]
    lines += [f"{name}: {median(values):,.1f}" for name, values in outcome.extras.items()]
    return "\n".join(lines)


def notes(names: Sequence[str]) -> str:
    """Where peers are asked otherwise than by one GET."""
    return "\n".join(f"{name}: {PEERS[name].note}" for name in names if name in PEERS and PEERS[name].note)


def figures(title: str, found: Mapping[str, float]) -> str:
    """Figures by name."""
    lines = [f"  {name}: {value:,.2f}" for name, value in found.items()]
    return "\n".join([f"\n{title}", *(lines or ["  none"])])


def verdicts(goals: Sequence[Goal]) -> str:
    """The table of goals."""
    lines = ["\ngoals"]
    for goal in goals:
        found = "" if goal.found is None else f"{goal.found:.2f}"
        lines.append(f"{goal.about:<40} {goal.wanted:<36} {found:>8}  {goal.verdict}")
    return "\n".join(lines)


def as_json(generator: str, outcomes: Mapping[str, Outcome], others: Mapping[str, Any], goals: Sequence[Goal]) -> Any:
    """Everything that was measured."""
    machine = {"cores": available_cores(), "processor": _processor(), "system": platform.platform()}
    workloads = {
        name: {
            "bound": outcome.bound,
            "bounds": outcome.bounds,
            "rows": [asdict(row) for row in rows(outcome)],
            "extras": {kind: median(values) for kind, values in outcome.extras.items()},
            "absent": outcome.absent,
        }
        for name, outcome in outcomes.items()
    }
    judged = [goal._asdict() for goal in goals]
    return {"machine": machine, "load": generator, "workloads": workloads, **others, "goals": judged}


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", path.read_text()) if path.exists() else None
    return found[1] if found else platform.machine()
