"""Domain errors as RFC 9457 responses, and the same for the OpenAPI page. The only mapper of errors to HTTP."""

import logging
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from service import errors
from service.errors import FieldError, GanvasError, Invalid, Unavailable

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

# error -> status, the slug of its type, its title; the nearest ancestor counts
_KINDS: dict[type[GanvasError], tuple[int, str, str]] = {
    errors.Malformed: (400, "malformed", "Malformed request"),
    errors.Unauthorized: (401, "unauthorized", "Unauthorized"),
    errors.ModelNotFound: (404, "model-not-found", "Model not found"),
    errors.NotAcceptable: (406, "not-acceptable", "Not acceptable"),
    errors.NotSupported: (409, "not-supported", "The model cannot do that"),
    errors.TooLarge: (413, "too-large", "Too large"),
    errors.NotAnImage: (415, "not-an-image", "Not an image that we read"),
    errors.TooManyRequests: (429, "too-many-requests", "Too many requests"),
    errors.ClientLeft: (499, "client-left", "Client left"),
    errors.Invalid: (422, "invalid", "Invalid request"),
    errors.Unavailable: (503, "unavailable", "Unavailable"),
    errors.QueueFull: (503, "queue-full", "Queue full"),
    errors.NotReady: (503, "not-ready", "Not ready"),
    errors.Draining: (503, "draining", "Stopping"),
    errors.DeadlineExceeded: (504, "deadline-exceeded", "Deadline exceeded"),
    errors.EngineError: (500, "internal", "Internal error"),
}
_HTTP_TITLES = {404: ("not-found", "Not found"), 405: ("method-not-allowed", "Method not allowed")}
_WAIT = ("Retry-After", "Seconds after which it is worth another try.")
_HEADERS: dict[type[GanvasError], tuple[str, str]] = {
    errors.Unauthorized: ("WWW-Authenticate", "Bearer."),
    errors.TooManyRequests: _WAIT,
    errors.Unavailable: _WAIT,
}
"""What an answer says beside its document."""
_EXAMPLE_PATH = "/v1/models/mnist-gan/sample"
_INTERNAL = "something went wrong inside the service; the log knows more under this request's id"


def respond(request: Request, error: GanvasError) -> Response:
    """A domain error as a response."""
    body = describe(request, error)
    if body["status"] == 500:
        _log.error("engine failed", exc_info=error)
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.Unauthorized) else {}
    if isinstance(error, Unavailable | errors.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_s)
    return render(request, body, headers)


def render(request: Request, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    """A problem document as a response, in the form of the protocol that the path belongs to."""
    form = form_of(request.scope["path"].removeprefix(request.scope.get("root_path", "")))
    media_type, _, shaped = _in_form(form, body)
    return JSONResponse(shaped, body["status"], headers, media_type)


def form_of(path: str) -> str:
    """The form that errors of a path take: `problem`, `v2` or `openai`."""
    if path == "/v2" or path.startswith("/v2/"):
        return "v2"
    return "openai" if path.startswith("/v1/images/") else "problem"


def _in_form(form: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Media type, schema and content of an error in a protocol's form."""
    if form == "v2":
        return "application/json", "ProtocolError", {"error": body["detail"]}
    if form == "openai":
        kind = "invalid_request_error" if body["status"] < 500 else "server_error"
        param = body["errors"][0]["field"] if "errors" in body else None
        code = body["type"].rpartition(":")[2].replace("-", "_")
        return (
            "application/json",
            "OpenAIError",
            {"error": {"message": body["detail"], "type": kind, "param": param, "code": code}},
        )
    return MEDIA_TYPE, "Problem", body


def describe(request: Request, error: Exception) -> dict[str, Any]:
    """An error as a problem document, and counted; one that is no domain error says nothing of the inside."""
    kind = next((_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS), _KINDS[errors.EngineError])
    status, slug, title = kind
    request.app.state.ganvas.metrics.refusal(slug)
    if status == 500:
        return document(500, "internal", "Internal error", _INTERNAL, request.url.path)
    fields = error.fields if isinstance(error, Invalid) else ()
    return document(status, slug, title, str(error), request.url.path, fields)


def document(
    status: int, slug: str, title: str, detail: str, instance: str, fields: tuple[FieldError, ...] = ()
) -> dict[str, Any]:
    """A problem document (RFC 9457)."""
    body: dict[str, Any] = {
        "type": f"urn:ganvas:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance[:200],
    }
    if fields:
        body["errors"] = [{"field": item.field, "detail": item.detail} for item in fields]
    return body


def internal(request: Request) -> Response:
    """The answer to a fault of our own: it says nothing of the inside."""
    return render(request, document(500, "internal", "Internal error", _INTERNAL, request.url.path))


def invalid(error: ValidationError | RequestValidationError) -> Invalid:
    """Pydantic's findings as one domain error."""
    fields = tuple(
        FieldError(".".join(str(part) for part in item["loc"]) or "body", _say(item)) for item in error.errors()[:20]
    )
    summary = "; ".join(f"{item.field}: {item.detail}" for item in fields[:3])
    return Invalid(summary, fields)


def _say(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "is not known here; leave it out"
    message = str(item["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:300]


def responses(*kinds: type[GanvasError], form: str = "problem") -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer with, for the OpenAPI page.

    Args:
        *kinds: of errors.
        form: `problem`, or `v2` and `openai` for those protocols'.
    """
    described: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, slug, title = _KINDS[kind]
        detail = (kind.__doc__ or "").split("\n")[0]
        media_type, schema, example = _in_form(form, document(status, slug, title, detail, _EXAMPLE_PATH))
        # Not by FastAPI's "model", which would say that errors come as application/json too.
        content = {"schema": {"$ref": f"#/components/schemas/{schema}"}, "examples": {}}
        entry = described.setdefault(status, {"description": title, "content": {media_type: content}})
        entry["content"][media_type]["examples"][slug] = {"value": example}
        for ancestor, (header, about) in _HEADERS.items():
            if issubclass(kind, ancestor):
                entry["headers"] = {header: {"description": about, "schema": {"type": "string"}}}
    return described


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Makes every error of an application a problem document.

    Args:
        app: the application.
        routers: all that it includes; their routes say which methods a path has.
    """

    async def domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, GanvasError)
        return respond(request, error)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(request, invalid(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        slug, title = _HTTP_TITLES.get(error.status_code, ("http", "HTTP error"))
        detail = f"there is nothing at {request.url.path[:200]}" if error.status_code == 404 else str(error.detail)
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(routers, request))
            detail = f"{request.method} is not allowed here; allowed are: {headers['Allow']}"
        return render(request, document(error.status_code, slug, title, detail, request.url.path), headers)

    app.add_exception_handler(GanvasError, domain)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)


def _methods(routers: Sequence[APIRouter], request: Request) -> list[str]:
    """Every method of a path, whichever route has it."""
    matching = (
        route
        for router in routers
        for route in router.routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
    )
    return sorted({method for route in matching for method in route.methods or ()}) or ["GET", "HEAD"]
