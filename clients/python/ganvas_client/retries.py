"""The retry policy: which responses are retried, and after which wait."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RETRYABLE = frozenset({429, 503})


@dataclass(frozen=True)
class Retries:
    """Number of retries and the waits between them.

    Attributes:
        most: maximum number of retries; 0 for none.
        first_s: wait before the first retry; it doubles with each retry.
        longest_s: maximum wait, regardless of `Retry-After`.
        jitter: maximum fraction by which a wait is extended at random, so that clients do not retry all at once.
    """

    most: int = 4
    first_s: float = 0.25
    longest_s: float = 30.0
    jitter: float = 0.5

    def wait_s(self, retried: int, status: int, headers: Mapping[str, str]) -> float | None:
        """Returns the seconds until the next retry; None if the response is final.

        Args:
            retried: number of retries so far.
            status: HTTP status of the response.
            headers: headers of the response.
        """
        if status not in _RETRYABLE or retried >= self.most:
            return None
        retry_after_s = _seconds(headers.get("retry-after", ""))
        wait = min(self.longest_s, max(retry_after_s, self.first_s * 2.0**retried))
        return wait * (1.0 + self.jitter * random.random())  # noqa: S311  # not a secret


def _seconds(retry_after: str) -> float:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, section 10.2.3)."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
