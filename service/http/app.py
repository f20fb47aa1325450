"""The composer: settings in, a FastAPI application out."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from limits.strategies import FixedWindowRateLimiter
from pydantic import BaseModel
from starlette.staticfiles import StaticFiles

from service import __version__
from service.errors import TooManyRequests, Unauthorized, Unavailable
from service.http import problems, schemas
from service.http.express import Express
from service.http.middleware import access
from service.http.middleware.access import Guard
from service.http.middleware.cors import Cors
from service.http.middleware.request_context import RequestContext
from service.http.oip.schemas import InferAnswer, InferRequest, ProtocolError
from service.http.openai.schemas import GenerationRequest, OpenAIError
from service.http.request.dependencies import no_repeated_query
from service.http.routers import ROUTERS
from service.http.routes import docs
from service.http.state import AppState
from service.inference import session
from service.inference.batcher import Limits
from service.repository.loaded_model import Engine
from service.repository.peers import Board, SharedCounts
from service.repository.repository import Repository
from service.settings import Settings
from service.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)
_GARBAGE = (20_000, 20, 20)  # allocations before each generation of objects is looked through
_BODIES: tuple[type[BaseModel], ...] = (
    schemas.SampleRequest,
    schemas.InterpolateRequest,
    schemas.ArithmeticRequest,
    schemas.Pictures,
    schemas.Problem,
    InferRequest,
    InferAnswer,
    ProtocolError,
    GenerationRequest,
    OpenAIError,
)
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
_TOLD = {"X-Model": "name@version", "Server-Timing": "Milliseconds of each phase."}
_CACHED = {
    "ETag": "Sent back as If-None-Match, it is answered with 304 where nothing has changed.",
    "Cache-Control": "How long caches may keep the answer.",
}
_ABOUT = """Pictures by generative adversarial networks: sample them, walk between them, add and subtract them.

Every picture call answers as PNG, JPEG or WebP, a zip, JSON or NumPy's npy: by the `Accept` header, or by `?format=`.
The picture of a seed is always the same. A latent is a seed, a vector, a token as JSON answers and `encode` give it, or
a mean of latents; the service keeps none. Errors are `application/problem+json` (RFC 9457). Every answer has an
`X-Request-ID`, by which the log knows it: the client's own, where it is 64 safe characters at most.

A request may ask for {max_images} pictures, send {max_body_bytes:,} bytes of JSON or {max_upload_bytes:,} bytes a
picture, have {max_image_pixels:,} pixels read and {max_translate_pixels:,} translated, and take {deadline_s:g} s."""


def create_app(settings: Settings) -> FastAPI:
    """The whole service for some settings; nothing is opened before its lifespan starts."""
    metrics = Metrics()
    limits = Limits(
        settings.max_batch_size, settings.max_batch_bytes, settings.max_queue_rows, settings.max_queue_bytes
    )
    kind = session.chosen(settings.choice)
    engine = Engine(settings.infer_threads, settings.infer_instances, limits, kind, settings.crowd_threads)
    repository = Repository(
        settings.models_dir,
        settings.models,
        engine,
        metrics,
        settings.lazy_models,
        settings.max_model_bytes,
        Board(settings.shared_dir) if settings.shared_dir else None,
    )
    state = AppState(settings, repository, metrics)
    app = FastAPI(
        title="Ganvas",
        version=__version__,
        description=_ABOUT.format(**dict(settings)),
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat whatever Host the client named
        dependencies=[Depends(no_repeated_query)],
    )
    app.state.ganvas = state
    for router in ROUTERS:
        app.include_router(router)
    app.mount(docs.ASSETS_PATH, StaticFiles(directory=docs.ASSETS))
    problems.install(app, ROUTERS)
    shared = settings.shared_dir
    counts = SharedCounts(shared / "counts.sqlite" if shared and settings.rates else None)
    limiter = FixedWindowRateLimiter(counts)
    app.add_middleware(Express, state=state)
    app.add_middleware(Guard, keys=settings.api_keys, rates=settings.rates, limiter=limiter, most=settings.max_requests)
    if settings.cors_origins:
        app.add_middleware(Cors, origins=settings.cors_origins)
    app.add_middleware(RequestContext, state=state)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: AppState = app.state.ganvas
    # In the background, so that /livez answers while large models are being proven.
    state.opening = asyncio.create_task(_open(state.repository))
    watching = [asyncio.create_task(_watch(state)), asyncio.create_task(state.report())]
    await state.stand_by()
    yield
    state.draining = state.closing = True
    for task in (*watching, state.opening):
        task.cancel()
    await asyncio.gather(*watching, state.opening, return_exceptions=True)
    await state.repository.close()


async def _open(repository: Repository) -> None:
    try:
        await repository.open()
    except Exception:
        _log.exception("the models could not be opened")
    # What there is now stays: to look through all of it for garbage, again and again, stopped the service for 40 ms.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)


async def _watch(state: AppState) -> None:
    if state.opening is not None:
        await asyncio.wait([state.opening])
    await state.repository.watch()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's page, with the schemas that FastAPI does not see: bodies that pydantic reads, and problems."""
    if app.openapi_schema is None:
        page = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        if root_path := app.state.ganvas.settings.root_path:
            page["servers"] = [{"url": root_path}]
        components = page.setdefault("components", {}).setdefault("schemas", {})
        for body in _BODIES:
            described = body.model_json_schema(ref_template="#/components/schemas/{model}")
            components |= described.pop("$defs", {})
            components[body.__name__] = described
        _describe_answers(page)
        _link(page)
        _guarded(page, bool(app.state.ganvas.settings.api_keys))
        app.openapi_schema = page
    return app.openapi_schema


def _describe_answers(page: dict[str, Any]) -> None:
    """What FastAPI does not see of answers that routes make by themselves: their JSON, and their headers."""
    for path, calls in page["paths"].items():
        for method, call in calls.items():
            answer = call["responses"]["200"]
            document = answer.get("content", {}).get("application/json", {})
            if document.get("schema") == {"type": "object"}:
                name = "InferAnswer" if path.startswith("/v2/") else "Pictures"
                document["schema"] = {"$ref": f"#/components/schemas/{name}"}
            is_answered_by_model = method == "post" and not path.startswith("/v2/repository")
            told = (_TOLD if is_answered_by_model else {}) | (_CACHED if "304" in call["responses"] else {})
            if told:
                answer["headers"] = {
                    name: {"description": about, "schema": {"type": "string"}} for name, about in told.items()
                } | answer.get("headers", {})


def _link(page: dict[str, Any]) -> None:
    """Says which calls an answer leads to: a listed model's name is what the others take."""
    for source, (where, targets) in _LINKS.items():
        call, path = source
        links = page["paths"][path][call]["responses"]["200"].setdefault("links", {})
        for method, target in targets:
            name = page["paths"][target][method]["operationId"]
            links[name] = {"operationId": name, "parameters": {"model": f"$response.body#{where}"}}


def _guarded(page: dict[str, Any], has_keys: bool) -> None:
    """Adds what stands before every call but health: keys, rates, and how many requests are worked on at once."""
    kinds = (Unauthorized, TooManyRequests, Unavailable)
    for path, calls in page["paths"].items():
        if not access.is_guarded(path):
            continue
        for call in calls.values():
            for status, answer in problems.responses(*kinds, form=problems.form_of(path)).items():
                call["responses"].setdefault(str(status), answer)
            if has_keys and not access.is_open(path):
                call["security"] = [{"bearer": []}, {"key": []}]
    if has_keys:
        page["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
