"""All errors of the service, as one tree. `http/problems.py` alone maps them to HTTP.

GanvasError
├── RequestError                 the request is at fault
│   ├── Malformed                400  HTTP, multipart or Accept that does not parse
│   ├── Unauthorized             401  no valid API key
│   ├── ModelNotFound            404  no such model or version
│   ├── NotAcceptable            406  no media type that both sides know
│   ├── NotSupported             409  the model does not support the call
│   ├── TooLarge                 413  exceeds a limit of size
│   ├── NotAnImage               415  not an image in a supported format
│   ├── TooManyRequests          429  exceeds the rate limit of one client
│   ├── ClientLeft               499  the client has disconnected; only logs and metrics have this status
│   └── Invalid                  422  well-formed, but not allowed
│       └── NotFinite            422  values so large that the network overflows
├── Unavailable                  503  try again later
│   ├── QueueFull
│   ├── NotReady
│   └── Draining
├── DeadlineExceeded             504
├── PackageError                 a model package is broken; it is reported and skipped
│   └── UnfitEngine              this engine does not reproduce its goldens; another may
└── EngineError                  500  the inference engine failed
"""

from dataclasses import dataclass


class GanvasError(Exception):
    """The root. The message is one sentence that a client may read."""


class RequestError(GanvasError):
    """The request is at fault."""


class Malformed(RequestError):
    """HTTP, multipart or an Accept header that does not parse."""


class Unauthorized(RequestError):
    """No API key, or one that is not known."""


class ModelNotFound(RequestError):
    """No such model or version is served."""


class NotAcceptable(RequestError):
    """No media type that both sides know."""


class NotSupported(RequestError):
    """The model does not support the request."""


class TooLarge(RequestError):
    """More bytes, pixels or rows than a limit allows."""


class NotAnImage(RequestError):
    """The bytes are not an image in a supported format."""


class TooManyRequests(RequestError):
    """One client exceeds its rate limit."""

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ClientLeft(RequestError):
    """The client has disconnected; logs and metrics must not count that as an error of the service.

    HTTP has no status for this case; nginx logs 499.
    """

    def __init__(self) -> None:
        super().__init__("the client has disconnected")


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field.

    Attributes:
        field: its path, joined by dots, for example `latents.0.vector`.
        detail: one sentence.
    """

    field: str
    detail: str


class Invalid(RequestError):
    """A well-formed request with a value that is not allowed."""

    def __init__(self, detail: str, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.fields = fields


class NotFinite(Invalid):
    """Values so large that the network's arithmetic overflows."""


class Unavailable(GanvasError):
    """Try again after `retry_after_s` seconds."""

    retry_after_s = 1


class QueueFull(Unavailable):
    """The model's queue is full."""


class NotReady(Unavailable):
    """The models are still being opened."""


class Draining(Unavailable):
    """The service is stopping."""

    retry_after_s = 5


class DeadlineExceeded(GanvasError):
    """The deadline passed before the response."""


class PackageError(GanvasError):
    """A model package is broken; the message says how."""


class UnfitEngine(PackageError):
    """The engine does not reproduce the package's goldens; another engine or precision may."""


class EngineError(GanvasError):
    """The inference engine failed on valid input."""
