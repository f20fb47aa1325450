"""One serving process: uvicorn, configured and stopped so that no request is lost."""

import asyncio
import signal
import sys
from functools import partial
from socket import socket
from types import FrameType

import uvicorn
from fastapi import FastAPI

from service.http.app import create_app
from service.http.state import AppState
from service.server.protocol import LINGER_S, ProblemProtocol
from service.server.sizing import worker_share
from service.settings import Settings
from service.telemetry import logs, tracing

_KEEP_ALIVE_S = 30
_MAX_OPEN_FILES = 65_536


class GracefulServer(uvicorn.Server):
    """A server that fails its readiness first, closes its port a moment later, and lets requests in flight finish."""

    def __init__(self, config: uvicorn.Config, state: AppState) -> None:
        super().__init__(config)
        self._state = state
        self._loop: asyncio.AbstractEventLoop | None = None
        state.in_hand = lambda: len(self.server_state.tasks)

    async def serve(self, sockets: list[socket] | None = None) -> None:
        """Run until a signal stops the server."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start to drain; a second signal, or Ctrl-C, stops at once."""
        hurried = self._state.draining or sig == signal.SIGINT
        self._state.draining = True
        if not hurried and self._loop is not None:
            loop, wait_s = self._loop, self._state.settings.drain_s
            loop.call_soon_threadsafe(lambda: loop.call_later(wait_s, self._stop))
        elif self.should_exit:
            self.force_exit = True  # a second signal after the port was closed: requests in flight are cancelled
        else:
            self._stop()

    def _stop(self) -> None:
        # Not by uvicorn's own handler: it raises the signal again at the end, and an orderly stop would look like a
        # kill.
        self._state.closing = True
        self.should_exit = True


def work(sockets: list[socket]) -> None:
    """Run one of several workers."""
    sys.exit(serve_one(worker_share(Settings()), sockets))


def serve_one(settings: Settings, sockets: list[socket] | None = None) -> int:
    """Serve in this process, on bound sockets or on the port of the settings."""
    logs.configure(settings.log_level)
    allow_files()
    app = create_app(settings)
    server = GracefulServer(server_config(app, settings), app.state.ganvas)
    server.run(sockets)
    return 0 if server.started else 1


def allow_files() -> None:
    """Raise the limit of open files: each client needs one, and many shells allow only 1,024."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def server_config(app: FastAPI, settings: Settings, *, linger_s: float = LINGER_S) -> uvicorn.Config:
    """Uvicorn's configuration.

    Args:
        app: the application.
        settings: of the service.
        linger_s: for which the rest of a body may arrive after the response.
    """
    return uvicorn.Config(
        tracing.traced(app),
        settings.host,
        settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=partial(
            ProblemProtocol,
            header_timeout_s=settings.header_timeout_s,
            write_timeout_s=settings.write_timeout_s,
            linger_s=linger_s,
        ),  # type: ignore[arg-type]  # called as the class is
        root_path=settings.root_path,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(settings.deadline_s) + 1,
    )
