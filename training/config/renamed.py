"""Names that older versions wrote into manifests and run folders, and their current names."""

import re
from collections.abc import Mapping
from typing import Any

FIELDS: Mapping[str, str] = {"pictures": "images"}
"""Former field of a configuration -> its name."""
VALUES: Mapping[str, Mapping[str, str]] = {"dataset": {"pictures": "images"}}
"""Field -> former value -> its name."""

_FORMER_NOTE = re.compile(r"clarified \(([\d,]+) samples, (?:judge|classifier) (\w+)\)")


def with_current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replaces former names of fields and values; leaves everything else as it is.

    Raises:
        ValueError: a field is given by its former and by its current name.
    """
    current: dict[str, Any] = {}
    for name, value in values.items():
        field = FIELDS.get(name, name)
        if field in current or (field != name and field in values):
            raise ValueError(f"{name} is the former name of {field}: give {field} alone")
        renamed = VALUES.get(field, {})
        current[field] = renamed.get(value, value) if isinstance(value, str) else value
    return current


def current_recipe(text: str) -> str:
    """A manifest's recipe with the current term for class fine-tuning."""
    return _FORMER_NOTE.sub(r"classes fine-tuned (\1 samples, classifier \2)", text)
