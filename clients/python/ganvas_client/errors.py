"""The errors of the client, as one tree.

GanvasError
├── ConnectionFailed        no response
│   └── TimedOut
├── ProblemError            the service returned an error; contains its problem document (RFC 9457)
│   ├── BadRequest          400, 405
│   ├── Unauthorized        401  no valid API key
│   ├── NotFound            404  no such model
│   ├── NotAcceptable       406
│   ├── NotSupported        409  the model does not support the call
│   ├── TooLarge            413
│   ├── NotAnImage          415
│   ├── Invalid             422  `errors` names the fields
│   ├── RateLimited         429  after all retries
│   └── ServerError         5xx
│       ├── Unavailable     503  after all retries
│       └── DeadlineExceeded 504
└── BrokenAnswer            the response does not match the API contract
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class GanvasError(Exception):
    """Base class of all errors of the client."""


class ConnectionFailed(GanvasError):
    """The service cannot be reached, or the connection was lost."""


class TimedOut(ConnectionFailed):
    """The request took longer than the client's timeout."""


class BrokenAnswer(GanvasError):
    """A response that does not match the API contract."""


@dataclass(frozen=True)
class Problem:
    """A problem document (RFC 9457).

    Attributes:
        type: URN of the kind of problem, such as `urn:ganvas:problem:queue-full`.
        title: title of the kind of problem.
        status: HTTP status.
        detail: one sentence with the cause and a remedy.
        instance: path of the request.
        errors: (field, detail) of each invalid field.
        request_id: ID of the request in the service's log.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    request_id: str | None = None


class ProblemError(GanvasError):
    """The service returned an error."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem

    @property
    def status(self) -> int:
        """HTTP status of the response."""
        return self.problem.status

    @property
    def detail(self) -> str:
        """One sentence with the cause and a remedy."""
        return self.problem.detail


class BadRequest(ProblemError):
    """400, 405 and client errors without a separate class."""


class Unauthorized(ProblemError):
    """401: no API key, or an invalid one."""


class NotFound(ProblemError):
    """404: no such model or path."""


class NotAcceptable(ProblemError):
    """406: the call has no response in this format."""


class NotSupported(ProblemError):
    """409: the model does not support the call."""


class TooLarge(ProblemError):
    """413: more bytes or pixels than the service accepts."""


class NotAnImage(ProblemError):
    """415: not an image in a format that the service reads."""


class Invalid(ProblemError):
    """422: the request is well-formed but has invalid values."""


class RateLimited(ProblemError):
    """429: this client exceeds its rate limit."""


class ServerError(ProblemError):
    """5xx: the service or a proxy failed."""


class Unavailable(ServerError):
    """503: overloaded, not ready, or shutting down."""


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
    """Creates the error of a response.

    Args:
        document: JSON of the response: a problem document from the service, or anything from a proxy.
        status: HTTP status.
        request_id: value of the X-Request-ID header.
    """
    fields: Mapping[str, Any] = document if isinstance(document, Mapping) else {}
    errors = tuple((str(item.get("field")), str(item.get("detail"))) for item in fields.get("errors") or ())
    problem = Problem(
        str(fields.get("type", "about:blank")),
        str(fields.get("title", "HTTP error")),
        status,
        str(fields.get("detail", "the response contains no problem document")),
        str(fields.get("instance", "")),
        errors,
        request_id,
    )
    return _BY_STATUS.get(status, ServerError if status >= 500 else BadRequest)(problem)
