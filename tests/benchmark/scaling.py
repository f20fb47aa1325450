"""`make bench-scaling`: what one copy of a core draws, and two, alone, behind nginx and on Ray; and what a cache gives.

All on this machine, which `wrk`, nginx and Ray share. Beside each rate stands the processor time that an image cost
all processes of the target together, which says more about other machines than the rate does.
"""

import argparse
import importlib.util
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.benchmark import processes, wrk
from tests.benchmark.client_requests import ClientRequest
from tests.nginx import NGINX, nginx, until_it_answers
from tests.ray_serve import PROXIES, serving
from tests.server import free_port, running

MODELS = ("mnist-gan", "mnist-dcgan")
# Zips may all reach one of two processes, which would refuse them at half of the queue that both have.
_ONE_CORE = {"GANVAS_THREADS": "1", "GANVAS_INSTANCES": "1", "GANVAS_MAX_QUEUE_ROWS": "2048"}
_ZIP = 64
_UNCACHED = ("proxy_cache ganvas;", "proxy_cache off;")


class Target(NamedTuple):
    """What is loaded: its port, and the processes of which all others descend."""

    port: int
    roots: Sequence[int]


class Point(NamedTuple):
    """One load.

    Attributes:
        name: of the row.
        request: the one that is sent.
        images: of one answer.
        connections: that ask at once.
    """

    name: str
    request: ClientRequest
    images: int = 1
    connections: int = 64


def points(model: str) -> list[Point]:
    """One image a request, and many."""
    path = f"/v1/models/{model}/sample?seed={{seed}}"
    return [
        Point(model, ClientRequest(path)),
        Point(f"{model}, zips of {_ZIP}", ClientRequest(f"{path}&n={_ZIP}&format=zip"), _ZIP, 8),
    ]


def hits(model: str) -> list[Point]:
    """The same image of a pinned version again and again."""
    return [Point(f"{model}, kept", ClientRequest(f"/v1/models/{model}@2/sample?seed=7"))]


@contextmanager
def service(models: Path, workers: int) -> Iterator[Target]:
    """`python -m service`, with so many processes of a core each."""
    with running(models, GANVAS_WORKERS=str(workers), **_ONE_CORE) as server:
        yield Target(server.port, [server.process.pid])


@contextmanager
def behind_nginx(models: Path, copies: int, *changes: tuple[str, str]) -> Iterator[Target]:
    """Copies of one process each behind the nginx of deploy/nginx."""
    with ExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory()))
        found = [started.enter_context(running(models, GANVAS_WORKERS="1", **_ONE_CORE)) for _ in range(copies)]
        port, one = free_port(), f"server 127.0.0.1:{found[0].port}"
        every = "; ".join(f"server 127.0.0.1:{server.port}" for server in found)
        started.enter_context(nginx(folder, port, found[0].port, (one, every), *changes))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            until_it_answers(client, folder / "log")
        yield Target(port, [*(server.process.pid for server in found), int((folder / "pid").read_text())])


@contextmanager
def on_ray(models: Path, replicas: int, proxy: str) -> Iterator[Target]:
    """Replicas of one core each on a Ray of this machine."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), models.resolve(), replicas, replicas, **_ONE_CORE, **PROXIES[proxy]) as ray,
    ):
        yield Target(int(ray.url.rpartition(":")[2]), [ray.root])


class Measurement(NamedTuple):
    """What came of a load; medians of its turns.

    Attributes:
        rate: images a second.
        cost_ms: processor time of an image.
        p50_ms: median latency of a request.
        others: cores that everybody else on the machine took, `wrk` among them.
        failures: answers other than 200, and connections that broke.
    """

    rate: float
    cost_ms: float
    p50_ms: float
    others: float
    failures: float


def measured(target: Target, point: Point, seconds: float, repeats: int) -> Measurement:
    """Loads a target, after a second to warm it."""
    turns = []
    wrk.load(target.port, point.request, point.connections, 1)
    for turn in range(repeats):
        own, all_ = _own_s(target), _all_s()
        load = wrk.load(target.port, point.request, point.connections, seconds, 1_000_000 * (turn + 1))
        own, all_ = _own_s(target) - own, _all_s() - all_
        rate = load.rate * point.images
        cost_ms, others = 1000 * own / (rate * seconds), (all_ - own) / seconds
        turns.append(Measurement(rate, cost_ms, load.p50_ms, others, load.failures))
    return Measurement(*(statistics.median(column) for column in zip(*turns, strict=True)))


def _own_s(target: Target) -> float:
    """Processor time that the target's processes have taken so far."""
    ticks = 0
    for root in target.roots:
        for pid in processes.tree(root):
            fields = Path(f"/proc/{pid.number}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _all_s() -> float:
    """Processor time that the machine has spent so far: user, nice, system, interrupts, and what a host took away."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()
    return sum(int(fields[index]) for index in (1, 2, 3, 6, 7, 8)) / os.sysconf("SC_CLK_TCK")


def _targets(models: Path) -> dict[str, tuple[Callable[[], object], Callable[[str], list[Point]]]]:
    found: dict[str, tuple[Callable[[], object], Callable[[str], list[Point]]]] = {
        "1 process": (lambda: service(models, 1), points),
        "2 processes": (lambda: service(models, 2), points),
    }
    if NGINX:
        found["1 copy, nginx"] = (lambda: behind_nginx(models, 1, _UNCACHED), points)
        found["2 copies, nginx"] = (lambda: behind_nginx(models, 2, _UNCACHED), points)
        found["1 copy, nginx's cache"] = (lambda: behind_nginx(models, 1), hits)
    if importlib.util.find_spec("ray"):
        for proxy in PROXIES:
            for replicas in (1, 2):
                name = f"Ray, {replicas} replica{'s' * (replicas > 1)}, {proxy}"
                found[name] = (lambda n=replicas, p=proxy: on_ray(models, n, p), points)
    return found


def main() -> None:
    """Measures, and prints a table."""
    parser = argparse.ArgumentParser(prog="make bench-scaling", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="the bundled packages")
    parser.add_argument("--seconds", type=int, default=4, help="of one turn")
    parser.add_argument("--repeats", type=int, default=3, help="turns, of which the median counts")
    parser.add_argument("--only", default="", help="targets whose names hold this")
    options = parser.parse_args()
    columns = ("target", "asked for", "images/s", "ms of processor time each", "p50 ms", "others' cores", "failures")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    for name, (start, points) in _targets(options.models).items():
        if options.only in name:
            with start() as target:
                for point in (point for model in MODELS for point in points(model)):
                    one = measured(target, point, options.seconds, options.repeats)
                    row = f"| {name} | {point.name} | {one.rate:,.0f} | {one.cost_ms:.2f} | {one.p50_ms:.1f} "
                    print(f"{row}| {one.others:.1f} | {one.failures:.0f} |", flush=True)
    if not importlib.util.find_spec("ray"):
        print("Ray is not installed: make bench-scaling VENV=... where `make test-ray` has run")


if __name__ == "__main__":
    main()
