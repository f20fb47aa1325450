"""When a refused request is worth another try, and how long to wait before it. Knows no client."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_WORTH_IT = frozenset({429, 503})


@dataclass(frozen=True)
class Retries:
    """How often, and how long.

    Attributes:
        most: tries after the first; 0 for none.
        first_s: the wait before the first of them; it doubles each time.
        longest_s: of one wait, whatever `Retry-After` asks for.
        jitter: the share of a wait by which it may be longer, so that refused clients do not come back all at once.
    """

    most: int = 4
    first_s: float = 0.25
    longest_s: float = 30.0
    jitter: float = 0.5

    def wait_s(self, tried: int, status: int, headers: Mapping[str, str]) -> float | None:
        """Seconds until the next try; None where there is none.

        Args:
            tried: tries after the first so far.
            status: of the answer.
            headers: of the answer.
        """
        if status not in _WORTH_IT or tried >= self.most:
            return None
        asked = _seconds(headers.get("retry-after", ""))
        wait = min(self.longest_s, max(asked, self.first_s * 2.0**tried))
        return wait * (1.0 + self.jitter * random.random())  # noqa: S311  # no secret


def _seconds(retry_after: str) -> float:
    """Of a Retry-After header (RFC 9110, section 10.2.3): a number or a date."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
