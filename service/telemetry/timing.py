"""How long the phases of a request take, by the monotonic clock."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class PhaseTimer:
    """Durations of a request's phases.

    Attributes:
        started: when the request began, in seconds of `time.perf_counter`.
        phases: seconds by the phase's name, in the order in which the phases began.
    """

    started: float = field(default_factory=time.perf_counter)
    phases: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the duration of the block to a phase."""
        started = time.perf_counter()
        yield
        self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Add seconds to a phase."""
        self.phases[name] = self.phases.get(name, 0.0) + seconds

    def add_inference(self, infer_s: float, encode_s: float) -> None:
        """Record a batcher's work that has just ended.

        All other time since `started` was spent waiting: for the event loop, for the latents, for other batches. It
        becomes the phase `queue`.

        Args:
            infer_s: seconds of inference.
            encode_s: seconds that encoding took in the thread of the inference; 0 if nothing was encoded there.
        """
        elapsed = time.perf_counter() - self.started - sum(self.phases.values())
        self.phases["queue"] = max(0.0, elapsed - infer_s - encode_s)
        self.phases["infer"] = infer_s
        if encode_s:
            self.phases["encode"] = encode_s

    def durations(self) -> Mapping[str, float]:
        """Seconds of each phase and the `total`. Time between phases is added to the last phase."""
        total = time.perf_counter() - self.started
        phases = dict(self.phases)
        if last := next(reversed(phases), None):
            phases[last] += max(0.0, total - sum(phases.values()))
        return phases | {"total": total}
