"""What one application is made of, and the budgets that all its requests share."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from service.errors import Draining, NotReady, Unavailable
from service.pipelines.single_flight import SingleFlight
from service.repository.peers import Board
from service.repository.repository import Repository
from service.settings import Settings
from service.telemetry.metrics import Metrics, forget_worker

_log = logging.getLogger(__name__)
_LOOK_S = 0.05
_REST_S = 1.0  # after one that failed
_LOOKS_A_REPORT = 10
_LONGEST_STAND_BY_S = 60.0


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
class AppState:
    """What one application is made of.

    Attributes:
        draining: set when the service is told to stop; readiness fails from then on.
        closing: set when the port is closed; new work is refused from then on.
        uploads: bytes of uploads that are read or held for a request.
        pixels: pixels of decoded uploads that are held for a request.
        board: what the workers say of themselves, where there are several.
        single_flight: responses that are being made, by everything that determines them.
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
    board: Board | None = field(init=False)
    single_flight: SingleFlight[bytes] = field(default_factory=SingleFlight)
    in_hand: Callable[[], int] = lambda: 1
    opening: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.uploads = Budget(self.settings.max_uploads_bytes, "too many uploads are being read at present; try again")
        self.pixels = Budget(self.settings.max_held_pixels, "too many pictures are being worked on; try again")
        self.board = self.repository.others

    def check_ready(self) -> None:
        """Raises why requests should not be sent here.

        Raises:
            Draining: the service is stopping.
            NotReady: models are missing, here or in another worker.
        """
        if self.draining:
            raise Draining("the service is stopping")
        if not self.repository.is_ready:
            raise NotReady(self.repository.shortfall)
        if self.board is not None and not self.board.all_ready():
            raise NotReady("another worker is not ready")

    async def stand_by(self) -> None:
        """Waits until this worker can answer, where others answer already: it takes no request before."""
        end = time.monotonic() + _LONGEST_STAND_BY_S
        while self.board is not None and self.board.any_ready() and not self.repository.is_ready:
            if time.monotonic() > end:
                return
            await asyncio.sleep(_LOOK_S)

    async def report(self) -> None:
        """Tells the other workers how this one is, and forgets those that have died; runs until it is cancelled."""
        looks = 0
        while self.board is not None:
            try:
                pause_s = await self._look(self.board, looks % _LOOKS_A_REPORT == 0)
            except Exception:  # such as too many open files: it passes, and must not end the reports
                _log.exception("the other workers could not be told, or heard")
                pause_s = _REST_S
            looks += 1
            await asyncio.sleep(pause_s)

    async def _look(self, board: Board, is_whole: bool) -> float:
        """Tells, and agrees with, the other workers; gives the seconds until the next time."""
        board.say(self.repository.is_ready and not self.draining, self.repository.proven)
        pause_s = await self.repository.agree()
        if is_whole:
            for pid in board.dead():
                forget_worker(pid)
            self.metrics.refresh()
        return min(_LOOK_S, pause_s)


async def app_state(request: Request) -> AppState:
    """The state of the application that serves a request."""
    state: AppState = request.app.state.ganvas
    return state


StateDependency = Annotated[AppState, Depends(app_state)]
