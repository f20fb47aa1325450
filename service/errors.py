"""Everything that can go wrong, as one tree; `problems` alone turns it into HTTP.

GanvasError
├── RequestError                 the request is at fault
│   ├── Malformed                400  HTTP, multipart or Accept that does not parse
│   ├── Unauthorized             401  no valid API key
│   ├── ModelNotFound            404  no such model or version
│   ├── NotAcceptable            406  no media type that both sides know
│   ├── NotSupported             409  the model cannot do that
│   ├── TooLarge                 413  beyond a limit of size
│   ├── NotAnImage               415  not a picture that we read
│   ├── TooManyRequests          429  over the rate of one client
│   ├── ClientLeft               499  nobody reads the answer; the log and the numbers alone have this status
│   └── Invalid                  422  well-formed, but not allowed
│       └── NotFinite            422  values so large that the network overflows
├── Unavailable                  503  try again later
│   ├── QueueFull
│   ├── NotReady
│   └── Draining
├── DeadlineExceeded             504
├── PackageError                 a model package is broken; it is reported and skipped
│   └── UnfitEngine              this engine does not draw it, or not right; another may
└── EngineError                  500  the inference engine failed
"""

from dataclasses import dataclass


class GanvasError(Exception):
    """The root: the message is one sentence that a client may read."""


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
    """The model cannot do what was asked."""


class TooLarge(RequestError):
    """More bytes, pixels or rows than a limit allows."""


class NotAnImage(RequestError):
    """Bytes that are no picture of a kind that we read."""


class TooManyRequests(RequestError):
    """One client asks more often than it may."""

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class ClientLeft(RequestError):
    """The client has gone: nobody reads the answer, but the log and the numbers shall not blame the service.

    499 is what nginx writes in that case; HTTP knows no status for it.
    """

    def __init__(self) -> None:
        super().__init__("the client has gone")


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field.

    Attributes:
        field: where it lies, joined by dots, for example `latents.0.vector`.
        detail: one sentence.
    """

    field: str
    detail: str


class Invalid(RequestError):
    """A well-formed request that asks for something that is not allowed."""

    def __init__(self, detail: str, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.fields = fields


class NotFinite(Invalid):
    """Values so large that the network's arithmetic overflows."""


class Unavailable(GanvasError):
    """Try again after `retry_after_s` seconds."""

    retry_after_s = 1


class QueueFull(Unavailable):
    """The model's queue holds as many rows as it may."""


class NotReady(Unavailable):
    """The models are still being opened."""


class Draining(Unavailable):
    """The service is stopping."""

    retry_after_s = 5


class DeadlineExceeded(GanvasError):
    """The request was not answered in time."""


class PackageError(GanvasError):
    """A model package is broken; the message says how."""


class UnfitEngine(PackageError):
    """The engine does not draw what the package promises; another engine, or another precision, may."""


class EngineError(GanvasError):
    """The inference engine failed on valid input."""
