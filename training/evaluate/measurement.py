"""One measured number."""

from dataclasses import asdict, dataclass, replace
from typing import Self


@dataclass(frozen=True)
class Measurement:
    """One number and its protocol; a manifest's `Metric` has the same fields except the direction.

    Attributes:
        direction: the direction of the measured translator, `A2B` or `B2A`; empty for a generator.
    """

    name: str
    value: float
    protocol: str
    standard_error: float | None = None
    floor: float | None = None
    reference: str | None = None
    direction: str = ""

    def of(self, direction: str) -> Self:
        """A copy with a direction."""
        return replace(self, direction=direction)

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)
