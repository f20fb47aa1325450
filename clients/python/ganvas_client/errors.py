"""Everything that can go wrong, as one tree.

GanvasError
├── ConnectionFailed        nothing was answered
│   └── TimedOut
├── ProblemError            the service answered with an error; holds its problem document (RFC 9457)
│   ├── BadRequest          400, 405
│   ├── Unauthorized        401  no valid API key
│   ├── NotFound            404  no such model
│   ├── NotAcceptable       406
│   ├── NotSupported        409  the model cannot do that
│   ├── TooLarge            413
│   ├── NotAnImage          415
│   ├── Invalid             422  `errors` names the fields
│   ├── RateLimited         429  still, after all retries
│   └── ServerError         5xx
│       ├── Unavailable     503  still, after all retries
│       └── DeadlineExceeded 504
└── BrokenAnswer            what was answered is not what the contract says
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class GanvasError(Exception):
    """The root."""


class ConnectionFailed(GanvasError):
    """The service cannot be reached, or went away."""


class TimedOut(ConnectionFailed):
    """It took longer than the client's timeout."""


class BrokenAnswer(GanvasError):
    """An answer that is not what the contract says."""


@dataclass(frozen=True)
class Problem:
    """A problem document (RFC 9457).

    Attributes:
        type: its kind, such as `urn:ganvas:problem:queue-full`.
        title: of its kind.
        status: of the answer.
        detail: one sentence that says what was wrong, and what would be right.
        instance: the path.
        errors: field and detail of each wrong field.
        request_id: by which the service's log knows the request.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    request_id: str | None = None


class ProblemError(GanvasError):
    """The service answered with an error."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem

    @property
    def status(self) -> int:
        """Of the answer."""
        return self.problem.status

    @property
    def detail(self) -> str:
        """One sentence that says what was wrong, and what would be right."""
        return self.problem.detail


class BadRequest(ProblemError):
    """400, 405 and other client errors without a class of their own."""


class Unauthorized(ProblemError):
    """401: no API key, or one that is not known."""


class NotFound(ProblemError):
    """404: no such model or path."""


class NotAcceptable(ProblemError):
    """406: the call does not answer in this format."""


class NotSupported(ProblemError):
    """409: the model cannot do that."""


class TooLarge(ProblemError):
    """413: more bytes or pixels than the service takes."""


class NotAnImage(ProblemError):
    """415: not a picture that the service reads."""


class Invalid(ProblemError):
    """422: the request is well-formed, but asks for something that is not allowed."""


class RateLimited(ProblemError):
    """429: this client asks more often than it may."""


class ServerError(ProblemError):
    """5xx."""


class Unavailable(ServerError):
    """503: too busy, not ready, or stopping."""


class DeadlineExceeded(ServerError):
    """504: the service's deadline passed."""


_BY_STATUS: Mapping[int, type[ProblemError]] = {
    401: Unauthorized,
    404: NotFound,
    406: NotAcceptable,
    409: NotSupported,
    413: TooLarge,
    415: NotAnImage,
    422: Invalid,
    429: RateLimited,
    503: Unavailable,
    504: DeadlineExceeded,
}


def of_document(document: object, status: int, request_id: str | None = None) -> ProblemError:
    """The error of an answer.

    Args:
        document: its JSON, a problem document where the service itself answered; anything else from a proxy.
        status: of the answer.
        request_id: its X-Request-ID.
    """
    fields: Mapping[str, Any] = document if isinstance(document, Mapping) else {}
    errors = tuple((str(item.get("field")), str(item.get("detail"))) for item in fields.get("errors") or ())
    problem = Problem(
        str(fields.get("type", "about:blank")),
        str(fields.get("title", "HTTP error")),
        status,
        str(fields.get("detail", "the answer holds no problem document")),
        str(fields.get("instance", "")),
        errors,
        request_id,
    )
    return _BY_STATUS.get(status, ServerError if status >= 500 else BadRequest)(problem)
