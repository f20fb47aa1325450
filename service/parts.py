"""What one application is made of, and the budgets that all its requests share."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from service.coalescer import Coalescer
from service.errors import Unavailable
from service.metrics import Metrics
from service.repository import Repository
from service.settings import Settings


@dataclass
class Budget:
    """An amount that all requests together may hold at once.

    Attributes:
        limit: of all that is held.
        refusal: what a client is told when it is reached.
        held: at present.
    """

    limit: int
    refusal: str
    held: int = 0

    def take(self, amount: int) -> None:
        """Holds some more; the caller has to `give` it back.

        Raises:
            Unavailable: together with the others' it would be too much.
        """
        if self.held + amount > self.limit:
            raise Unavailable(self.refusal)
        self.held += amount

    def give(self, amount: int) -> None:
        """Holds some less."""
        self.held -= amount

    @contextmanager
    def hold(self, amount: int) -> Iterator[None]:
        """Holds an amount for as long as the block runs."""
        self.take(amount)
        try:
            yield
        finally:
            self.give(amount)


@dataclass
class Services:
    """What one application is made of.

    Attributes:
        draining: set when the service is told to stop; readiness fails from then on.
        closing: set when the port is closed; new work is refused from then on.
        uploads: bytes of uploads that are read or held for a request.
        pixels: pixels of decoded uploads that are held for a request.
        drawings: answers that are being drawn at present, by all that they are made of.
        opening: the scan of the models folder, once the lifespan has started it.
    """

    settings: Settings
    repository: Repository
    metrics: Metrics
    draining: bool = False
    closing: bool = False
    uploads: Budget = field(init=False)
    pixels: Budget = field(init=False)
    drawings: Coalescer[bytes] = field(default_factory=Coalescer)
    opening: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.uploads = Budget(self.settings.max_uploads_bytes, "too many uploads are being read at present; try again")
        self.pixels = Budget(self.settings.max_held_pixels, "too many pictures are being worked on; try again")


async def services(request: Request) -> Services:
    """The application's parts."""
    parts: Services = request.app.state.services
    return parts


ServicesDependency = Annotated[Services, Depends(services)]
