"""Prometheus counters and histograms. One registry per application, so that tests do not share values."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    multiprocess,
)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_SHARED = "PROMETHEUS_MULTIPROC_DIR"  # the library's own variable for several processes

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The service's metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Looking up a labelled histogram costs more than observing it.
        self._of_requests: dict[tuple[str, str, int], Histogram] = {}
        self._of_phases: dict[tuple[str, str], Histogram] = {}
        self._depths: dict[tuple[str, str], Callable[[], int]] = {}
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = Histogram(
            "ganvas_request_seconds",
            "Time from a request's arrival to its last byte, in seconds.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._phases = Histogram(
            "ganvas_phase_seconds",
            "Time of a request's phases, in seconds.",
            ("model", "phase"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batches = Histogram(
            "ganvas_batch_rows",
            "Images per batch.",
            ("model", "network"),
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
            registry=self.registry,
        )
        # With several workers, counts add up, and gauges are those of live workers.
        self._waiting = Gauge(
            "ganvas_waiting_rows",
            "Images that wait for a model.",
            ("model", "network"),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._served = Gauge(
            "ganvas_model_served",
            "1 for every served version.",
            ("model",),
            registry=self.registry,
            multiprocess_mode="livemax",
        )
        self._memory = Gauge(
            "ganvas_resident_bytes",
            "Memory of all worker processes.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._open = Gauge(
            "ganvas_model_open",
            "Workers that hold a version's networks in memory.",
            ("model",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._refusals = Counter(
            "ganvas_refusals_total", "Requests refused, by reason.", ("reason",), registry=self.registry
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record a request; `route` is the path's template, so that clients cannot create label values."""
        key = (method, route, status)
        if key not in self._of_requests:
            self._of_requests[key] = self._requests.labels(method, route, str(status))
        self._of_requests[key].observe(seconds)

    def phases(self, model: str, seconds: Mapping[str, float]) -> None:
        """Record the durations of a request's phases, in seconds."""
        for phase, passed in seconds.items():
            key = (model, phase)
            if key not in self._of_phases:
                self._of_phases[key] = self._phases.labels(*key)
            self._of_phases[key].observe(passed)

    def refusal(self, reason: str) -> None:
        """Count a refused request."""
        self._refusals.labels(reason).inc()

    def batch_observer(self, model: str, network: str) -> Callable[[float], None]:
        """A function that records the size of a batch."""
        labelled = self._batches.labels(model, network)
        return labelled.observe

    def watch_queue(self, model: str, network: str, depth: Callable[[], int]) -> None:
        """Read a queue's depth whenever the metrics are read."""
        self._depths[model, network] = depth

    def forget_queue(self, model: str, network: str) -> None:
        """Remove a closed queue."""
        self._depths.pop((model, network), None)
        self._waiting.labels(model, network).set(0)

    def served(self, model: str, is_served: bool) -> None:
        """Record whether a version is served."""
        self._served.labels(model).set(1 if is_served else 0)

    def opened(self, model: str, is_open: bool) -> None:
        """Record whether a version's networks are in memory."""
        self._open.labels(model).set(1 if is_open else 0)

    def refresh(self) -> None:
        """Update the gauges of queues and memory."""
        for (model, network), depth in self._depths.items():
            self._waiting.labels(model, network).set(depth())
        self._memory.set(_resident_bytes())

    def text(self) -> bytes:
        """The metrics of all workers in Prometheus' text format."""
        self.refresh()
        if _SHARED not in os.environ:
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
        return generate_latest(registry)


def forget_worker(pid: int) -> None:
    """Remove the gauges of a worker that has ended."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library's


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
