"""`python -m service`: reads the settings and starts one or several serving processes, or runs a batch command."""

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
    """Start the service, or run a command.

    Returns:
        0 after an orderly stop; 2 if a setting is invalid; uvicorn itself exits with 3 if the port is in use. With a
        command, the command's exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m service",
        description="Serve the model packages of a folder over HTTP, or generate and translate images in batches.",
        epilog=_describe_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_to(parser.add_subparsers(metavar="COMMAND", title="without a command, the service starts; commands"))
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
    """Select the engine, in a process that may keep the GPU's memory.

    A process that has started a GPU holds some of its memory until it ends. With several workers, a process that ends
    therefore selects the engine; otherwise this process does.

    Raises:
        ValueError: the requested engine is not available.
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
