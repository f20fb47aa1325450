"""Service, peers and bound over one workload, in turn; a figure is the median of the turns."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from service.inference.cpu import available_cores
from tests.benchmark import bound, load, wrk
from tests.benchmark.client_requests import Load
from tests.benchmark.extras import beside_the_load
from tests.benchmark.peers.generation import Task
from tests.benchmark.targets import SERVICE, drain, target
from tests.benchmark.workloads import Workload

Generator = Callable[..., Load]
_MAX_TIMES, _MIN_RESPONSES = 6, 5
_WARM_S = 1.0
_WARM_CONNECTIONS = 16


@dataclass(frozen=True)
class Plan:
    """How long and how often.

    Attributes:
        seconds: of one point, at least.
        repeats: turns.
        connections: at once, one point each.
        generator: makes the load.
    """

    seconds: float
    repeats: int
    connections: Sequence[int]
    generator: Generator

    def seconds_of(self, connections: int, bound: float) -> float:
        """Of one point: longer if answers are so slow that a connection would see few of them."""
        return max(self.seconds, min(_MAX_TIMES * self.seconds, _MIN_RESPONSES * connections / bound))


@dataclass
class Outcome:
    """What came of a workload.

    Attributes:
        bounds: images a second, turn by turn.
        loads: by target and connections, turn by turn.
        peaks_mib: the most memory of each target.
        extras: other figures of the service, turn by turn.
        absent: why a target is missing.
    """

    workload: str
    bounds: list[float] = field(default_factory=list)
    loads: dict[tuple[str, int], list[Load]] = field(default_factory=dict)
    peaks_mib: dict[str, float] = field(default_factory=dict)
    extras: dict[str, list[float]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """Images a second."""
        return median(self.bounds)

    def load(self, name: str, connections: int) -> Load | None:
        """The median of a target's turns; failures are added up."""
        turns = self.loads.get((name, connections))
        if not turns:
            return None
        rate, p50_ms, p99_ms = (median(getattr(turn, part) for turn in turns) for part in ("rate", "p50_ms", "p99_ms"))
        return Load(rate, p50_ms, p99_ms, sum(turn.failures for turn in turns))

    def share(self, name: str, connections: int) -> float | None:
        """A target's rate as a share of the bound of the same turn: the median."""
        turns = self.loads.get((name, connections), [])
        return median(turn.rate / limit for turn, limit in zip(turns, self.bounds, strict=False)) if turns else None

    def best_peer(self, connections: int) -> tuple[str, float] | None:
        """The peer with the highest rate, and that rate."""
        rates = {
            name: found.rate
            for name, at in self.loads
            if at == connections and name != SERVICE and (found := self.load(name, at))
        }
        return max(rates.items(), key=lambda item: item[1]) if rates else None


def compete(workload: Workload, names: Sequence[str], absent: Mapping[str, str], plan: Plan) -> Outcome:
    """Measures all but the absent; whoever cannot be started joins those, with the reason."""
    outcome = Outcome(workload.name, absent=dict(absent))
    task = Task(str(workload.onnx), workload.image is not None, 0, available_cores())
    for turn in range(plan.repeats):
        outcome.bounds.append(bound.measure(task, workload.image, 2 * plan.seconds))
        for name in names:
            if name not in outcome.absent:
                print(f"  {workload.name}, turn {turn + 1} of {plan.repeats}: {name}", file=sys.stderr, flush=True)
                _take_turn(name, workload, plan, outcome, turn)
    return outcome


def _take_turn(name: str, workload: Workload, plan: Plan, outcome: Outcome, turn: int) -> None:
    try:
        with target(name)(workload) as running:
            seed = 10_000_000 * turn
            plan.generator(running.port, running.request, _WARM_CONNECTIONS, _WARM_S, seed)
            for connections in plan.connections:
                seed += 1_000_000
                drain(running)
                seconds = plan.seconds_of(connections, outcome.bounds[turn])
                found = plan.generator(running.port, running.request, connections, seconds, seed)
                outcome.loads.setdefault((name, connections), []).append(found)
            if name == SERVICE:
                for kind, value in beside_the_load(running, workload, plan.generator, seconds).items():
                    outcome.extras.setdefault(kind, []).append(value)
            running.watch.resident_mib()
            outcome.peaks_mib[name] = max(outcome.peaks_mib.get(name, 0.0), running.watch.peak_mib)
    except (RuntimeError, OSError) as error:
        outcome.absent[name] = str(error).splitlines()[0] if str(error) else type(error).__name__


def choose_generator(wanted: str) -> tuple[str, Generator]:
    """`wrk` if it is installed, else the generator in Python; or the one that is named."""
    if wanted == "wrk" or (wanted == "auto" and wrk.is_installed()):
        return "wrk", wrk.load
    return "Python (wrk is not installed)" if wanted == "auto" else "Python", load.load
