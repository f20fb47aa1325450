"""The goals, as ratios in one run on two cores, and whether this run meets them."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import NamedTuple

from tests.benchmark.extras import MANY
from tests.benchmark.peer_comparison import Outcome
from tests.benchmark.targets import SERVICE


class Goal(NamedTuple):
    """One goal.

    Attributes:
        about: which workload.
        wanted: the goal in words.
        found: what was measured; None if it was not.
        is_met: whether that is enough.
    """

    about: str
    wanted: str
    found: float | None
    is_met: bool

    @property
    def verdict(self) -> str:
        """In words."""
        return "not measured" if self.found is None else "met" if self.is_met else "NOT MET"


def evaluate(outcomes: Mapping[str, Outcome], start: Mapping[str, float]) -> list[Goal]:
    """Every goal, in the order in which they are set."""
    return [*_of_loads(outcomes), *_of_fairness(outcomes), *_of_start(start)]


def _of_loads(outcomes: Mapping[str, Outcome]) -> Iterator[Goal]:
    dcgan, mnist, cyclegan = (outcomes.get(name, Outcome(name)) for name in ("dcgan-64", "mnist-gan", "cyclegan-128"))
    about = "DCGAN 64 px, 64 connections"
    yield _least(about, "of the bound", 0.93, dcgan.share(SERVICE, 64))
    yield _least(about, "x the best peer", 1.4, to_best_peer(dcgan, 64))
    yield _least("MLP GAN, 64 connections", "x the best peer", 2.0, to_best_peer(mnist, 64))
    about = "MLP GAN, 1 connection"
    ours, plain = mnist.load(SERVICE, 1), mnist.load("fastapi", 1)
    yield _least(about, "x plain FastAPI", 1.0, ours.rate / plain.rate if ours and plain else None)
    yield _most(about, "ms more p50 than plain FastAPI", 0.4, ours.p50_ms - plain.p50_ms if ours and plain else None)
    yield _least("CycleGAN 128 px upload, 16 connections", "of the bound", 0.95, cyclegan.share(SERVICE, 16))


def _of_fairness(outcomes: Mapping[str, Outcome]) -> Iterator[Goal]:
    for name, outcome in outcomes.items():
        found = outcome.load(SERVICE, 64)
        yield _most(f"{name}, 64 connections", "x p50 is p99", 2.0, found.p99_ms / found.p50_ms if found else None)
        yield _most(f"{name}, 64 connections", "ms /livez p99", 20.0, _median(outcome, "livez p99 ms"))
    dcgan = outcomes.get("dcgan-64")
    for form, words in (("png", "grid"), ("zip", "zip")):
        rate = dcgan and _median(dcgan, f"n={MANY} {form} images/s")
        share = rate / dcgan.bound if rate and dcgan else None
        yield _least(f"DCGAN 64 px, n = {MANY} {words}", "of the bound", 0.95, share)


def _of_start(start: Mapping[str, float]) -> Iterator[Goal]:
    about = "start"
    yield _most(about, "s until ready, generators", 2.0, start.get("ready s, generators"))
    yield _most(about, "MB resident, generators", 250.0, _mb(start.get("resident MiB, generators")))
    yield _most(about, "s until ready, all models", 5.0, start.get("ready s, all models"))
    yield _most(about, "MB of a further worker", 200.0, _mb(start.get("resident MiB of each worker of two")))


def to_best_peer(outcome: Outcome, connections: int) -> float | None:
    """The service's rate as a multiple of the best peer's."""
    ours, best = outcome.load(SERVICE, connections), outcome.best_peer(connections)
    return ours.rate / best[1] if ours and best else None


def _least(about: str, unit: str, limit: float, found: float | None) -> Goal:
    return Goal(about, f">= {limit:g} {unit}", found, found is not None and found >= limit)


def _most(about: str, unit: str, limit: float, found: float | None) -> Goal:
    return Goal(about, f"<= {limit:g} {unit}", found, found is not None and found <= limit)


def _median(outcome: Outcome, name: str) -> float | None:
    return median(outcome.extras[name]) if name in outcome.extras else None


def _mb(mib: float | None) -> float | None:
    return None if mib is None else mib * 1.048576
