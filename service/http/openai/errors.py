"""Errors in the form of OpenAI's API."""

from collections.abc import Mapping
from typing import Any

SCHEMA = "OpenAIError"
"""The form's name on the OpenAPI page; see `openai.schemas`."""


def owns(path: str) -> bool:
    """Whether a path belongs to OpenAI's API."""
    return path.startswith("/v1/images/")


def from_problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    """A problem document in OpenAI's form."""
    kind = "invalid_request_error" if problem["status"] < 500 else "server_error"
    param = problem["errors"][0]["field"] if "errors" in problem else None
    code = problem["type"].rpartition(":")[2].replace("-", "_")
    return {"error": {"message": problem["detail"], "type": kind, "param": param, "code": code}}
