"""One process that serves: uvicorn, set up and stopped so that no request is lost."""

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
from service.server.protocol import ProblemProtocol
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
        """Runs until told to stop."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Starts to drain; a second signal, or Ctrl-C, does not wait."""
        hurried = self._state.draining or sig == signal.SIGINT
        self._state.draining = True
        if not hurried and self._loop is not None:
            loop, wait_s = self._loop, self._state.settings.drain_s
            loop.call_soon_threadsafe(lambda: loop.call_later(wait_s, self._stop))
        elif self.should_exit:
            self.force_exit = True  # asked again although the port is closed: requests in flight are given up
        else:
            self._stop()

    def _stop(self) -> None:
        # Not by uvicorn's own handler: it raises the signal again at the end, and an orderly stop would look like a
        # kill.
        self._state.closing = True
        self.should_exit = True


def work(sockets: list[socket]) -> None:
    """One worker of several."""
    sys.exit(serve_one(worker_share(Settings()), sockets))


def serve_one(settings: Settings, sockets: list[socket] | None = None) -> int:
    """Serves in this process, on sockets that are bound already or on the settings' own port."""
    logs.configure(settings.log_level)
    allow_files()
    app = create_app(settings)
    server = GracefulServer(server_config(app, settings), app.state.ganvas)
    server.run(sockets)
    return 0 if server.started else 1


def allow_files() -> None:
    """Lets this process have as many files open as it may: a client is one, and many shells allow but 1,024."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, _MAX_OPEN_FILES)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        tracing.traced(app),
        settings.host,
        settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=partial(
            ProblemProtocol, header_timeout_s=settings.header_timeout_s, write_timeout_s=settings.write_timeout_s
        ),  # type: ignore[arg-type]  # called as the class is
        root_path=settings.root_path,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(settings.deadline_s) + 1,
    )
