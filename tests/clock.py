"""A clock that only a test moves."""


class ManualClock:
    """Stands in for `time.monotonic` or `time.perf_counter`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """The time in seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += seconds
