"""Readiness shared between the workers of one service: each reports its own and waits for the others'."""

import asyncio
import logging
import time
from collections.abc import Callable

from service.repository.peers import Peers
from service.repository.repository import Repository
from service.telemetry.metrics import Metrics, forget_worker

_log = logging.getLogger(__name__)
_INTERVAL_S = 0.05
_REPORTS_PER_CLEANUP = 10
_MAX_STAND_BY_S = 60.0


async def stand_by(repository: Repository, peers: Peers) -> None:
    """Wait until this worker is ready, if another one is: it accepts no request before. Waits for 60 s at most."""
    end = time.monotonic() + _MAX_STAND_BY_S
    while peers.any_ready() and not repository.is_ready:
        if time.monotonic() > end:
            return
        await asyncio.sleep(_INTERVAL_S)


async def report(
    repository: Repository, peers: Peers, metrics: Metrics, is_draining: Callable[[], bool], retry_s: float = 1.0
) -> None:
    """Report this worker to the others, and forget those that have died. Runs until it is cancelled.

    Args:
        repository: agrees with the other workers on new versions.
        peers: the other workers.
        metrics: refreshed now and then.
        is_draining: whether this worker is stopping.
        retry_s: seconds to wait after a failure.
    """
    count = 0
    while True:
        try:
            peers.report(repository.is_ready and not is_draining(), repository.verified)
            pause_s = min(_INTERVAL_S, await repository.agree())
            if count % _REPORTS_PER_CLEANUP == 0:
                for pid in peers.dead():
                    forget_worker(pid)
                metrics.refresh()
        except Exception:  # such as too many open files: it passes, and must not end the reports
            _log.exception("the report to the other workers failed")
            pause_s = retry_s
        count += 1
        await asyncio.sleep(pause_s)
