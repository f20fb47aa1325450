"""Errors in the form of the Open Inference Protocol."""

from collections.abc import Mapping
from typing import Any

SCHEMA = "ProtocolError"
"""The form's name on the OpenAPI page; see `oip.schemas`."""


def owns(path: str) -> bool:
    """Whether a path belongs to the protocol."""
    return path == "/v2" or path.startswith("/v2/")


def from_problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    """A problem document in the protocol's form."""
    return {"error": problem["detail"]}
