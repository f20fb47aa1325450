"""What the service knows of one request beside what the client sent."""

import time
from dataclasses import dataclass, field

from fastapi import Request

from service.repository.loaded_model import LoadedModel
from service.telemetry.timing import PhaseTimer


@dataclass
class RequestContext:
    """Set by the middleware `request_context`, and read by `context_of`.

    Attributes:
        deadline: when the response has to start, in seconds of the event loop's clock.
        started: when the request arrived, in seconds of `time.perf_counter`.
        timer: of the phases. It restarts after the body has been read: a slow client is not the service's delay.
        leased: models that the middleware releases after the last byte of the response.
    """

    deadline: float
    started: float = field(default_factory=time.perf_counter)
    timer: PhaseTimer = field(init=False)
    leased: list[LoadedModel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timer = PhaseTimer(self.started)

    def restart_timer(self) -> None:
        """Start to measure the phases: the body has been read."""
        self.timer = PhaseTimer()


def context_of(request: Request) -> RequestContext:
    """The context of a request."""
    context: RequestContext = request.scope["state"]["context"]
    return context
