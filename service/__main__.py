"""`python -m service`: reads the settings, starts uvicorn, and stops without losing a request."""

import argparse
import asyncio
import logging
import signal
import sys
from functools import partial
from types import FrameType

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError

from service import logs
from service.app import create_app
from service.parts import Services
from service.protocol import ProblemProtocol
from service.settings import Settings, unknown_variables

_KEEP_ALIVE_S = 30
_log = logging.getLogger(__name__)


class GracefulServer(uvicorn.Server):
    """A server that fails its readiness first, closes its port a moment later, and lets requests in flight finish."""

    def __init__(self, config: uvicorn.Config, parts: Services) -> None:
        super().__init__(config)
        self._parts = parts
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: "list[object] | None" = None) -> None:  # type: ignore[override]  # narrower name
        """Runs until told to stop."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)  # type: ignore[arg-type]  # as above

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Starts to drain; a second signal, or Ctrl-C, does not wait."""
        hurried = self._parts.draining or sig == signal.SIGINT
        self._parts.draining = True
        if not hurried and self._loop is not None:
            loop, wait_s = self._loop, self._parts.settings.drain_s
            loop.call_soon_threadsafe(lambda: loop.call_later(wait_s, self._stop))
        elif self.should_exit:
            self.force_exit = True  # asked again although the port is closed: requests in flight are given up
        else:
            self._stop()

    def _stop(self) -> None:
        # Not by uvicorn's own handler: it raises the signal again at the end, and an orderly stop would look like a
        # kill.
        self._parts.closing = True
        self.should_exit = True


def main() -> int:
    """Starts the service.

    Returns:
        0 after an orderly stop; 2 where a setting is wrong; uvicorn itself exits with 3 where the port is taken.
    """
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serves the model packages of a folder over HTTP.",
        epilog=_describe_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        for item in error.errors():
            name = "GANVAS_" + "_".join(str(part) for part in item["loc"]).upper()
            print(f"error: {name}: {item['msg']} (it is {item['input']!r})", file=sys.stderr)
        return 2
    logs.configure(settings.log_level)
    for name in unknown_variables():
        _log.warning("an environment variable is no setting", extra={"variable": name})
    app = create_app(settings)
    server = GracefulServer(server_config(app, settings), app.state.services)
    server.run()
    return 0 if server.started else 1


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the application."""
    return uvicorn.Config(
        app,
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


def _describe_settings() -> str:
    lines = ["every setting is an environment variable:"]
    for name, field in Settings.model_fields.items():
        default = ", ".join(field.default) or "none" if isinstance(field.default, tuple) else field.default
        lines.append(f"  GANVAS_{name.upper():<18} {field.description} (default: {default})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
