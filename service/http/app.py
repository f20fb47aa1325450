"""Compose the application: settings in, a FastAPI application out."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from limits.strategies import FixedWindowRateLimiter
from starlette.staticfiles import StaticFiles

from service import __version__
from service.http import openapi, problems
from service.http.middleware.access import AccessControl
from service.http.middleware.cors import Cors
from service.http.middleware.rate_store import RateStore
from service.http.middleware.request_context import RequestContextMiddleware
from service.http.request.dependencies import no_repeated_query
from service.http.routers import DIRECT_ROUTES, ROUTERS
from service.http.routes import docs
from service.http.state import AppState
from service.inference import session
from service.repository import readiness
from service.repository.folder import POLL_MS
from service.repository.peers import Peers
from service.repository.repository import Repository
from service.settings import Settings
from service.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)
_GC_THRESHOLDS = (20_000, 20, 20)  # allocations before each generation of objects is collected


def create_app(settings: Settings, *, poll_ms: int = POLL_MS) -> FastAPI:
    """The whole service for some settings. Nothing is opened before its lifespan starts.

    Args:
        settings: of the service.
        poll_ms: interval at which a models folder that reports no changes is read again.
    """
    state = _state(settings, poll_ms)
    app = FastAPI(
        title="Ganvas",
        version=__version__,
        description=openapi.ABOUT.format(**dict(settings)),
        lifespan=_lifespan,
        routes=list(DIRECT_ROUTES),
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
    counts = RateStore(shared / "counts.sqlite" if shared and settings.rates else None)
    app.add_middleware(
        AccessControl,
        keys=settings.api_keys,
        rates=settings.rates,
        limiter=FixedWindowRateLimiter(counts),
        max_requests=settings.max_requests,
    )
    if settings.cors_origins:
        app.add_middleware(Cors, origins=settings.cors_origins)
    app.add_middleware(RequestContextMiddleware, state=state)
    app.openapi = lambda: openapi.document(app, settings)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _state(settings: Settings, poll_ms: int) -> AppState:
    metrics = Metrics()
    execution = settings.execution(session.resolve_engine(settings.engine_request))
    repository = Repository(
        settings.models_dir,
        settings.models,
        execution,
        metrics,
        settings.lazy_models,
        settings.max_model_bytes,
        Peers(settings.shared_dir) if settings.shared_dir else None,
        poll_ms,
    )
    return AppState(settings, repository, metrics)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: AppState = app.state.ganvas
    # In the background, so that /livez responds while large models are being verified.
    state.opening = asyncio.create_task(_open(state.repository))
    tasks = [state.opening, asyncio.create_task(_watch(state))]
    if state.peers is not None:
        reports = readiness.report(state.repository, state.peers, state.metrics, lambda: state.draining)
        tasks.append(asyncio.create_task(reports))
        await readiness.stand_by(state.repository, state.peers)
    yield
    state.draining = state.closing = True
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await state.repository.close()


async def _open(repository: Repository) -> None:
    try:
        await repository.open()
    except Exception:
        _log.exception("the models could not be opened")
    # The objects that exist now will stay. Collecting all of them again and again stopped the service for 40 ms.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


async def _watch(state: AppState) -> None:
    if state.opening is not None:
        await asyncio.wait([state.opening])
    await state.repository.watch()
