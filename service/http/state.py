"""The state of one application: what it is made of, and the budgets that all its requests share."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from service.errors import Draining, NotReady, Unavailable
from service.pipelines.single_flight import SingleFlight
from service.repository.peers import Peers
from service.repository.repository import Repository
from service.settings import Settings
from service.telemetry.metrics import Metrics


@dataclass
class Budget:
    """An amount that all requests together may hold at once.

    Attributes:
        limit: of the amount held.
        refusal: the error message when the limit is reached.
        held: the amount held at present.
    """

    limit: int
    refusal: str
    held: int = 0

    def take(self, amount: int) -> None:
        """Hold more. The caller has to `give` it back.

        Raises:
            Unavailable: the limit would be exceeded.
        """
        if self.held + amount > self.limit:
            raise Unavailable(self.refusal)
        self.held += amount

    def give(self, amount: int) -> None:
        """Hold less."""
        self.held -= amount

    @contextmanager
    def hold(self, amount: int) -> Iterator[None]:
        """Hold an amount while the block runs."""
        self.take(amount)
        try:
            yield
        finally:
            self.give(amount)


@dataclass
class AppState:
    """What one application is made of.

    Attributes:
        draining: set when the service begins to stop; readiness fails from then on.
        closing: set when the port is closed; new work is refused from then on.
        uploads: bytes of uploads that requests read or hold.
        pixels: pixels of decoded uploads that requests hold.
        peers: the other workers, if there are several.
        single_flight: responses in preparation, by everything that determines them.
        in_hand: number of requests received and not yet answered, if the server reports it.
        opening: the scan of the models folder, once the lifespan has started it.
    """

    settings: Settings
    repository: Repository
    metrics: Metrics
    draining: bool = False
    closing: bool = False
    uploads: Budget = field(init=False)
    pixels: Budget = field(init=False)
    peers: Peers | None = field(init=False)
    single_flight: SingleFlight[bytes] = field(default_factory=SingleFlight)
    in_hand: Callable[[], int] = lambda: 1
    opening: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.uploads = Budget(self.settings.max_uploads_bytes, "too many uploads are being read at present; try again")
        self.pixels = Budget(self.settings.max_held_pixels, "too many images are being processed at present; try again")
        self.peers = self.repository.peers

    def check_ready(self) -> None:
        """Raise the reason why requests should not be sent here.

        Raises:
            Draining: the service is stopping.
            NotReady: models are missing, here or in another worker.
        """
        if self.draining:
            raise Draining("the service is stopping")
        if not self.repository.is_ready:
            raise NotReady(self.repository.shortfall)
        if self.peers is not None and not self.peers.all_ready():
            raise NotReady("another worker is not ready")


async def app_state(request: Request) -> AppState:
    """The state of the application that serves a request."""
    state: AppState = request.app.state.ganvas
    return state


StateDependency = Annotated[AppState, Depends(app_state)]
