"""`python -m service`: reads the settings, starts uvicorn, and stops without losing a request."""

import argparse
import asyncio
import signal
import sys
from types import FrameType

import uvicorn
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from service import logs
from service.app import create_app
from service.dependencies import Services
from service.settings import Settings

_KEEP_ALIVE_S = 30


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
        if hurried or self._loop is None:
            self._stop()
        else:
            loop, wait_s = self._loop, self._parts.settings.drain_s
            loop.call_soon_threadsafe(lambda: loop.call_later(wait_s, self._stop))

    def _stop(self) -> None:
        self._parts.closing = True
        # Not by uvicorn's own handler: it raises the signal again at the end, and an orderly stop would look like a
        # kill. The second time, requests in flight are given up.
        self.force_exit = self.should_exit
        self.should_exit = True


def main() -> int:
    """Starts the service.

    Returns:
        0 after an orderly stop; 2 where a setting is wrong.
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
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        settings.host,
        settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=int(settings.deadline_s) + 1,
    )
    server = GracefulServer(config, app.state.services)
    server.run()
    return 0 if server.started else 1


def _describe_settings() -> str:
    lines = ["every setting is an environment variable:"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is PydanticUndefined else f" (default: {field.default or 'none'})"
        lines.append(f"  GANVAS_{name.upper():<18} {field.description}{default}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
