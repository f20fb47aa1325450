"""`python -m service`: reads the settings and starts one process that serves, or several; or runs a batch command."""

import argparse
import logging
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from pydantic import ValidationError

from service.batch import command
from service.inference import session
from service.inference.engine import EngineSpec
from service.server import process as server
from service.server import sizing, supervisor
from service.settings import Settings, service_links, unknown_variables
from service.telemetry import logs

_log = logging.getLogger(__name__)


def main() -> int:
    """Starts the service, or runs a command.

    Returns:
        0 after an orderly stop; 2 where a setting is wrong; uvicorn itself exits with 3 where the port is taken. A
        command's own code, where one was given.
    """
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serves the model packages of a folder over HTTP, or draws and translates many pictures without.",
        epilog=_describe_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_to(parser.add_subparsers(metavar="COMMAND", title="without a command it serves; with one it"))
    arguments = parser.parse_args()
    try:
        settings = Settings()
    except ValidationError as error:
        for item in error.errors():
            name = "GANVAS_" + "_".join(str(part) for part in item["loc"]).upper()
            print(f"error: {name}: {item['msg']} (it is {item['input']!r})", file=sys.stderr)
        return 2
    serves = "run" not in arguments
    if serves:
        logs.configure(settings.log_level)
    try:
        spec = _spec(settings, serves)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not serves:
        return command.run(arguments, settings)
    if links := service_links():
        _log.info("service links of Kubernetes are ignored", extra={"variables": ", ".join(links)})
    for name in unknown_variables():
        _log.warning("an environment variable is no setting", extra={"variable": name})
    if spec.on_gpu and not settings.workers:
        settings = settings.model_copy(update={"workers": 1})
    if sizing.worker_count(settings) > 1:
        if spec.engine == "onnxruntime-cpu":
            os.environ["GANVAS_ENGINE"] = "onnxruntime"  # the workers need not try a GPU again
        return supervisor.serve(settings, server.work)
    return server.serve_one(settings)


def _spec(settings: Settings, serves: bool) -> EngineSpec:
    """What draws, found out where it may stay.

    Whatever has started a GPU holds some of its memory for good: this process, which will draw; or one that ends, where
    several others will.

    Raises:
        ValueError: it cannot be had here.
    """
    if serves and settings.workers > 1 and session.may_start_gpu(settings.engine_request):
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, spawn, logs.configure, (settings.log_level,)) as process:
            return process.submit(session.resolve_engine, settings.engine_request).result()
    return session.resolve_engine(settings.engine_request)


def _describe_settings() -> str:
    lines = ["every setting is an environment variable:"]
    for name, field in Settings.model_fields.items():
        default = ", ".join(field.default) or "none" if isinstance(field.default, tuple) else field.default
        lines.append(f"  GANVAS_{name.upper():<18} {field.description} (default: {default})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
