"""What a run was asked for, kept with its files: so that it goes on as it began, and never into another's files."""

import json
from collections.abc import Mapping

from service.batch.errors import BatchError

NAME = ".ganvas.json"
"""Of the record, in the folder or the zip that a run writes."""

Record = Mapping[str, object]


def pack(record: Record) -> bytes:
    """The record as a file's bytes."""
    return (json.dumps(record, indent=2) + "\n").encode()


def compare(found: bytes | None, record: Record, where: object) -> None:
    """Refuses to go on with another run's files.

    Args:
        found: the record that lies with the files; None where there is none.
        record: of this run.
        where: the files are, for the message.

    Raises:
        BatchError: there is no record, or it is of another run.
    """
    try:
        before = None if found is None else json.loads(found)
    except ValueError:
        before = None
    if not isinstance(before, dict):
        raise BatchError(f"{where} holds files that no run of this command wrote; choose another place for the result")
    for key in {**before, **record}:
        old, new = before.get(key), json.loads(json.dumps(record.get(key)))
        if old != new:
            raise BatchError(
                f"{where} was begun with {key} {_say(old)}, but this run has {_say(new)}; choose another place for it"
            )


def _say(value: object) -> str:
    return json.dumps(value) if value is not None else "left out"
