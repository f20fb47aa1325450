"""The options of a run, saved with its files, so that only the same run resumes there."""

import json
from collections.abc import Mapping

from service.batch.errors import BatchError

NAME = ".ganvas.json"
"""Name of the record, in the folder or the zip that a run writes."""

Record = Mapping[str, object]


def pack(record: Record) -> bytes:
    """The record as a file's bytes."""
    return (json.dumps(record, indent=2) + "\n").encode()


def compare(found: bytes | None, record: Record, where: object) -> None:
    """Refuse to resume another run's files.

    Args:
        found: the record with the files; None if there is none.
        record: of this run.
        where: the folder or zip, for the message.

    Raises:
        BatchError: the record is missing, or belongs to another run.
    """
    try:
        before = None if found is None else json.loads(found)
    except ValueError:
        before = None
    if not isinstance(before, dict):
        raise BatchError(f"{where} holds files that this command did not write; choose another place for the result")
    for key in {**before, **record}:
        old, new = before.get(key), json.loads(json.dumps(record.get(key)))
        if old != new:
            raise BatchError(
                f"{where} was started with {key} {_text(old)}, but this run has {_text(new)}; choose another place"
            )


def _text(value: object) -> str:
    return json.dumps(value) if value is not None else "omitted"
