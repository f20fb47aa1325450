"""`python -m service`: reads the settings and starts one process that serves, or several; or runs a batch command."""

import argparse
import logging
import sys

from pydantic import ValidationError

from service import logs, server, session, workers
from service.batch import command
from service.settings import Settings, unknown_variables

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
    if (settings.engine, settings.precision) != ("auto", "auto"):
        try:
            session.chosen(settings.engine, settings.precision, settings.any_batch)
        except ValueError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
    if "run" in arguments:
        return command.run(arguments, settings)
    logs.configure(settings.log_level)
    for name in unknown_variables():
        _log.warning("an environment variable is no setting", extra={"variable": name})
    if settings.processes > 1:
        return workers.serve(settings, server.work)
    return server.serve_one(settings)


def _describe_settings() -> str:
    lines = ["every setting is an environment variable:"]
    for name, field in Settings.model_fields.items():
        default = ", ".join(field.default) or "none" if isinstance(field.default, tuple) else field.default
        lines.append(f"  GANVAS_{name.upper():<18} {field.description} (default: {default})")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
