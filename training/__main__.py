"""Entry point: `python -m training COMMAND`. Each command describes its options with --help."""

import sys

import tyro
from pydantic import ValidationError

from training.cli import COMMANDS, renamed
from training.runs.folder import RunError, sentence


def main() -> int:
    """Runs one command.

    Returns:
        Exit code: 0; 1 after an error, reported in one sentence; 130 after Ctrl-C.
    """
    if message := renamed.current_name(sys.argv[1:]):
        return _fail(message)
    try:
        tyro.extras.subcommand_cli_from_dict(
            dict(COMMANDS),
            prog="python -m training",
            config=(tyro.conf.CascadeSubcommandArgs, tyro.conf.AvoidSubcommands),
        )
    except ValidationError as error:
        return _fail(sentence(error))
    except (RunError, OSError, ValueError, RuntimeError, FloatingPointError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:  # outside of the training loop, or a second Ctrl-C
        print("\nstopped", file=sys.stderr)
        return 130
    return 0


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
