"""Domain errors as RFC 9457 responses. The only place that maps errors to HTTP."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route

from service import errors
from service.errors import FieldError, GanvasError, Invalid, Unavailable
from service.http.oip import errors as oip_errors
from service.http.openai import errors as openai_errors

MEDIA_TYPE = "application/problem+json"
_INTERNAL = "something went wrong inside the service; the log has details under this request's id"
_MAX_FIELDS = 20
_log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """How one class of errors appears to clients.

    Attributes:
        status: HTTP status.
        slug: end of the problem's type.
        title: the same for each such problem.
    """

    status: int
    slug: str
    title: str


KINDS: Mapping[type[GanvasError], Kind] = {
    errors.Malformed: Kind(400, "malformed", "Malformed request"),
    errors.Unauthorized: Kind(401, "unauthorized", "Unauthorized"),
    errors.ModelNotFound: Kind(404, "model-not-found", "Model not found"),
    errors.NotAcceptable: Kind(406, "not-acceptable", "Not acceptable"),
    errors.NotSupported: Kind(409, "not-supported", "The model cannot do that"),
    errors.TooLarge: Kind(413, "too-large", "Too large"),
    errors.NotAnImage: Kind(415, "not-an-image", "Not an image that we read"),
    errors.TooManyRequests: Kind(429, "too-many-requests", "Too many requests"),
    errors.ClientLeft: Kind(499, "client-left", "Client left"),
    errors.Invalid: Kind(422, "invalid", "Invalid request"),
    errors.Unavailable: Kind(503, "unavailable", "Unavailable"),
    errors.QueueFull: Kind(503, "queue-full", "Queue full"),
    errors.NotReady: Kind(503, "not-ready", "Not ready"),
    errors.Draining: Kind(503, "draining", "Stopping"),
    errors.DeadlineExceeded: Kind(504, "deadline-exceeded", "Deadline exceeded"),
    errors.EngineError: Kind(500, "internal", "Internal error"),
}
"""By class of errors; the nearest ancestor counts."""

_HTTP_TITLES = {404: ("not-found", "Not found"), 405: ("method-not-allowed", "Method not allowed")}


@dataclass(frozen=True)
class ErrorForm:
    """How a protocol writes an error.

    Attributes:
        media_type: of the response.
        schema: its name on the OpenAPI page.
        convert: a problem document to the protocol's document.
    """

    media_type: str
    schema: str
    convert: Callable[[Mapping[str, Any]], Mapping[str, Any]]


PROBLEM = ErrorForm(MEDIA_TYPE, "Problem", lambda problem: problem)
OIP = ErrorForm("application/json", oip_errors.SCHEMA, oip_errors.from_problem)
OPENAI = ErrorForm("application/json", openai_errors.SCHEMA, openai_errors.from_problem)


def form_of(path: str) -> ErrorForm:
    """The form of errors of the protocol that a path belongs to."""
    if oip_errors.owns(path):
        return OIP
    return OPENAI if openai_errors.owns(path) else PROBLEM


def respond(request: Request, error: GanvasError) -> Response:
    """A domain error as a response."""
    problem = describe(request, error)
    if problem["status"] == 500:
        _log.error("engine failed", exc_info=error)
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, errors.Unauthorized) else {}
    if isinstance(error, Unavailable | errors.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after_s)
    return render(request, problem, headers)


def render(request: Request, problem: Mapping[str, Any], headers: dict[str, str] | None = None) -> Response:
    """A problem document as a response, in the form of the protocol that the path belongs to."""
    form = form_of(request.scope["path"].removeprefix(request.scope.get("root_path", "")))
    return JSONResponse(form.convert(problem), problem["status"], headers, form.media_type)


def describe(request: Request, error: Exception) -> dict[str, Any]:
    """An error as a problem document, and counted. One that is no domain error reveals nothing of the inside."""
    kind = next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), KINDS[errors.EngineError])
    request.app.state.ganvas.metrics.refusal(kind.slug)
    if kind.status == 500:
        return _internal_document(request)
    fields = error.fields if isinstance(error, Invalid) else ()
    return document(*kind, str(error), request.url.path, fields)


def document(
    status: int, slug: str, title: str, detail: str, instance: str, fields: tuple[FieldError, ...] = ()
) -> dict[str, Any]:
    """A problem document (RFC 9457)."""
    problem: dict[str, Any] = {
        "type": f"urn:ganvas:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance[:200],
    }
    if fields:
        problem["errors"] = [{"field": item.field, "detail": item.detail} for item in fields]
    return problem


def internal(request: Request) -> Response:
    """The response to a fault of our own. It reveals nothing of the inside."""
    return render(request, _internal_document(request))


def _internal_document(request: Request) -> dict[str, Any]:
    return document(*KINDS[errors.EngineError], _INTERNAL, request.url.path)


def invalid(error: ValidationError | RequestValidationError, prefix: tuple[str, ...] = ()) -> Invalid:
    """Pydantic's findings as one domain error.

    Args:
        error: the findings.
        prefix: of each field's name, such as `query`.
    """
    fields = tuple(
        FieldError(".".join(map(str, (*prefix, *item["loc"]))) or "body", _detail(item))
        for item in error.errors()[:_MAX_FIELDS]
    )
    summary = "; ".join(f"{item.field}: {item.detail}" for item in fields[:3])
    return Invalid(summary, fields)


def _detail(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "is not known here; leave it out"
    message = str(item["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:300]


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make every error of an application a problem document.

    Args:
        app: the application.
        routers: all that it includes; their routes know which methods a path has.
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
