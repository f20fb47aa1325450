"""Where the time of a step goes."""

import time

import torch


class Watch:
    """Seconds between laps, summed by name until they are taken.

    Attributes:
        clock: which seconds: the clock's, or the process's own.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.clock = time.perf_counter
        self._seconds: dict[str, float] = {}
        self._last = self.clock()

    def start(self) -> None:
        """The next lap starts here."""
        self._last = self._now()

    def lap(self, name: str) -> None:
        """Counts the time since the last lap under a name."""
        now = self._now()
        self._seconds[name] = self._seconds.get(name, 0.0) + now - self._last
        self._last = now

    def take(self) -> dict[str, float]:
        """What was counted; starts anew."""
        taken, self._seconds = self._seconds, {}
        return taken

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return self.clock()
