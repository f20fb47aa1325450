"""The OpenAPI page: what FastAPI cannot see of bodies, responses, errors and access rules."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from service import errors
from service.errors import GanvasError, TooManyRequests, Unauthorized, Unavailable
from service.http import problems, schemas
from service.http.middleware import access
from service.http.oip.schemas import InferAnswer, InferRequest, ProtocolError
from service.http.openai.schemas import GenerationRequest, OpenAIError
from service.http.problems import ErrorForm
from service.imaging.formats import MEDIA_TYPES
from service.settings import Settings

ABOUT = """Images by generative adversarial networks: sample them, interpolate between them, add and subtract them.

Every image call responds with PNG, JPEG or WebP, a zip, JSON or NumPy's npy: by the `Accept` header, or by `?format=`.
The image of a seed is always the same. A latent is a seed, a vector, a token as JSON responses and `encode` give it, or
a mean of latents; the service stores none. Errors are `application/problem+json` (RFC 9457). Every response has an
`X-Request-ID`, which the log has too: the client's own, if it is at most 64 safe characters.

A request may ask for {max_images} images, send {max_body_bytes:,} bytes of JSON or {max_upload_bytes:,} bytes per
image, have {max_image_pixels:,} pixels read and {max_translate_pixels:,} translated, and take {deadline_s:g} s."""

_SCHEMAS: tuple[type[BaseModel], ...] = (
    schemas.SampleRequest,
    schemas.InterpolateRequest,
    schemas.ArithmeticRequest,
    schemas.Images,
    schemas.Problem,
    InferRequest,
    InferAnswer,
    ProtocolError,
    GenerationRequest,
    OpenAIError,
)
"""Schemas of bodies that pydantic reads and of responses that routes encode themselves."""

_LINKS = {
    ("get", "/v1/models"): (
        "/models/0/name",
        (
            ("get", "/v1/models/{model}"),
            ("get", "/v1/models/{model}/preview"),
            ("get", "/v1/models/{model}/sample"),
            ("post", "/v1/models/{model}/sample"),
            ("post", "/v1/models/{model}/interpolate"),
            ("post", "/v1/models/{model}/arithmetic"),
            ("post", "/v1/models/{model}/discriminate"),
        ),
    ),
    ("post", "/v2/repository/index"): (
        "/0/name",
        (("get", "/v2/models/{model}"), ("get", "/v2/models/{model}/ready"), ("post", "/v2/models/{model}/infer")),
    ),
}
"""Where a response names a model, and the calls that take the name."""

_MODEL_HEADERS = {"X-Model": "name@version", "Server-Timing": "Milliseconds of each phase."}
_CACHE_HEADERS = {
    "ETag": "Sent back as If-None-Match, the response is 304 if nothing has changed.",
    "Cache-Control": "How long caches may store the response.",
}
_RETRY_AFTER = ("Retry-After", "Seconds after which another try is worthwhile.")
_ERROR_HEADERS: dict[type[GanvasError], tuple[str, str]] = {
    errors.Unauthorized: ("WWW-Authenticate", "Bearer."),
    errors.TooManyRequests: _RETRY_AFTER,
    errors.Unavailable: _RETRY_AFTER,
}
_BINARY = {"type": "string", "format": "binary"}
_EXAMPLE_PATH = "/v1/models/mnist-gan/sample"
MODEL_DESCRIPTION = "`name` for its newest version, or `name@version`."
MODEL_EXAMPLE = "mnist-gan"


def json_body(schema: type[BaseModel]) -> dict[str, Any]:
    """A JSON body that the route reads itself. `document` adds its schema."""
    reference = {"$ref": f"#/components/schemas/{schema.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


def image_body(many: bool = False) -> dict[str, Any]:
    """An uploaded image, or several."""
    image = {"type": "array", "items": _BINARY, "minItems": 1} if many else _BINARY
    form = {"type": "object", "required": ["image"], "additionalProperties": False, "properties": {"image": image}}
    about = "A PNG, JPEG or WebP image, raw or as the multipart field `image`"
    return {
        "requestBody": {
            "required": True,
            "description": about + ("; several fields for several images." if many else "."),
            "content": {"multipart/form-data": {"schema": form}}
            | {f"image/{kind}": {"schema": _BINARY} for kind in ("png", "jpeg", "webp")},
        }
    }


def parameters(query: type[BaseModel]) -> dict[str, Any]:
    """The path's model and the query of a route that reads both itself."""
    found: list[dict[str, Any]] = [
        {
            "name": "model",
            "in": "path",
            "required": True,
            "description": MODEL_DESCRIPTION,
            "schema": {
                "type": "string",
                "description": MODEL_DESCRIPTION,
                "examples": [MODEL_EXAMPLE],
                "title": "Model",
            },
        }
    ]
    for name, schema in query.model_json_schema()["properties"].items():
        about = {"description": schema["description"]} if "description" in schema else {}
        found.append({"name": name, "in": "query", "required": False, "schema": schema} | about)
    return {"parameters": found}


def image_responses(formats: Sequence[str], cycle: bool = False) -> dict[int | str, dict[str, Any]]:
    """The successful responses of a route that responds with images.

    Args:
        formats: keys of `MEDIA_TYPES`.
        cycle: whether it translates, and can report the error of the way there and back.
    """
    content = {MEDIA_TYPES[form]: {"schema": {"type": "object"} if form == "json" else _BINARY} for form in formats}
    headers = dict(_MODEL_HEADERS)
    if cycle:
        headers["X-Cycle-Error"] = (
            "Mean absolute error of the way there and back, 0 to 255 on RGB, comma-separated, with cycle=true."
        )
    else:
        headers["X-Seed"] = "The seeds used, comma-separated, if seeds were used."
    return {200: {"description": "The images.", "content": content, "headers": _headers(headers)}}


def error_responses(*kinds: type[GanvasError], form: ErrorForm = problems.PROBLEM) -> dict[int | str, dict[str, Any]]:
    """The errors with which a route may respond, in the form of its protocol."""
    described: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, slug, title = problems.KINDS[kind]
        detail = (kind.__doc__ or "").split("\n")[0]
        example = form.convert(problems.document(status, slug, title, detail, _EXAMPLE_PATH))
        # Not by FastAPI's "model", which would add application/json to the errors' media types.
        content = {"schema": {"$ref": f"#/components/schemas/{form.schema}"}, "examples": {}}
        entry = described.setdefault(status, {"description": title, "content": {form.media_type: content}})
        entry["content"][form.media_type]["examples"][slug] = {"value": example}
        for ancestor, (header, about) in _ERROR_HEADERS.items():
            if issubclass(kind, ancestor):
                entry["headers"] = _headers({header: about})
    return described


def document(app: FastAPI, settings: Settings) -> dict[str, Any]:
    """The page of an application, cached."""
    if app.openapi_schema is None:
        page = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        if settings.root_path:
            page["servers"] = [{"url": settings.root_path}]
        components = page.setdefault("components", {}).setdefault("schemas", {})
        for schema in _SCHEMAS:
            described = schema.model_json_schema(ref_template="#/components/schemas/{model}")
            components |= described.pop("$defs", {})
            components[schema.__name__] = described
        _describe_responses(page)
        _link(page)
        _describe_access(page, bool(settings.api_keys))
        app.openapi_schema = page
    return app.openapi_schema


def _describe_responses(page: dict[str, Any]) -> None:
    """Add the JSON and the headers of responses that routes encode themselves."""
    for path, calls in page["paths"].items():
        for method, call in calls.items():
            response = call["responses"]["200"]
            described = response.get("content", {}).get("application/json", {})
            if described.get("schema") == {"type": "object"}:
                schema = InferAnswer if path.startswith("/v2/") else schemas.Images
                described["schema"] = {"$ref": f"#/components/schemas/{schema.__name__}"}
            is_by_model = method == "post" and not path.startswith("/v2/repository")
            headers = (_MODEL_HEADERS if is_by_model else {}) | (_CACHE_HEADERS if "304" in call["responses"] else {})
            if headers:
                response["headers"] = _headers(headers) | response.get("headers", {})


def _link(page: dict[str, Any]) -> None:
    """Add which calls take the model's name that a response lists."""
    for (method, path), (pointer, targets) in _LINKS.items():
        links = page["paths"][path][method]["responses"]["200"].setdefault("links", {})
        for target_method, target in targets:
            name = page["paths"][target][target_method]["operationId"]
            links[name] = {"operationId": name, "parameters": {"model": f"$response.body#{pointer}"}}


def _describe_access(page: dict[str, Any], has_keys: bool) -> None:
    """Add the refusals of `middleware.access` to every call but health."""
    for path, calls in page["paths"].items():
        if not access.is_guarded(path):
            continue
        refusals = error_responses(Unauthorized, TooManyRequests, Unavailable, form=problems.form_of(path))
        for call in calls.values():
            for status, response in refusals.items():
                call["responses"].setdefault(str(status), response)
            if has_keys and not access.is_open(path):
                call["security"] = [{"bearer": []}, {"key": []}]
    if has_keys:
        page["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }


def _headers(described: dict[str, str]) -> dict[str, dict[str, Any]]:
    return {name: {"description": about, "schema": {"type": "string"}} for name, about in described.items()}
