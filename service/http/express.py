"""A short way for the calls that clients make most: sample and translate. Pure ASGI.

The framework finds a route and validates its parameters one by one, which costs more than a small network's picture. A
request of the common form goes straight to the same route's function. What is out of the ordinary, such as an unknown
parameter, a value that is not valid, or a name given twice, goes the long way, which says what is wrong with it.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import GanvasError
from service.http import problems, schemas
from service.http.request import body, dependencies
from service.http.routes import sample, translate
from service.http.state import AppState
from service.repository.loaded_model import LoadedModel

_PATH = re.compile(r"/v1/models/([^/]+)/(sample|translate)\Z")
_Call = Callable[[Request, AppState, LoadedModel, Any], Awaitable[Response]]

_read_sample = body.json_body(schemas.SampleRequest)
_uploads = asynccontextmanager(body.pictures)


async def _sample(request: Request, state: AppState, model: LoadedModel, query: schemas.FormatQuery) -> Response:
    return await sample.sample(request, state, model, query, await _read_sample(request, state))


async def _translate(request: Request, state: AppState, model: LoadedModel, query: schemas.TranslateQuery) -> Response:
    async with _uploads(request, state) as raws:
        return await translate.translate(request, state, model, query, raws)


class _Lane:
    """One of the calls.

    Attributes:
        route: whose function it goes to.
        query: its parameters.
        model: gives the model that it is for, leased.
        call: the route's function, with its body read.
    """

    def __init__(
        self,
        route: Route,
        query: type[BaseModel],
        model: Callable[[Request, AppState, LoadedModel], Awaitable[LoadedModel]],
        call: _Call,
    ) -> None:
        self.route, self.query, self.model, self.call = route, query, model, call


def _route(routes: list[Any], method: str, end: str) -> Route:
    return next(
        route
        for route in routes
        if isinstance(route, Route) and route.path.endswith(end) and method in (route.methods or ())
    )


_LANES: dict[tuple[str, str], _Lane] = {
    ("GET", "sample"): _Lane(
        _route(sample.router.routes, "GET", "/sample"),
        schemas.SampleQuery,
        dependencies.generator,
        sample.sample_by_seed,
    ),
    ("POST", "sample"): _Lane(
        _route(sample.router.routes, "POST", "/sample"), schemas.FormatQuery, dependencies.generator, _sample
    ),
    ("POST", "translate"): _Lane(
        _route(translate.router.routes, "POST", "/translate"),
        schemas.TranslateQuery,
        dependencies.translator,
        _translate,
    ),
}


class Express:
    """Takes the short way where it leads to the same answer."""

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        """Wraps an application.

        Args:
            app: the long way.
            state: of the same application.
        """
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or passes it on."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        lane, name, query = found
        # As the framework would set them: for the numbers of each route, and for the route's function.
        scope["route"], scope["path_params"] = lane.route, {"model": name}
        request = Request(scope, receive)
        try:
            model = await lane.model(request, self._state, dependencies.resolve(self._state, name))
            response = await lane.call(request, self._state, model, query)
        except GanvasError as error:
            response = problems.respond(request, error)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[_Lane, str, BaseModel] | None:
        match = _PATH.match(scope["path"].removeprefix(scope.get("root_path", "")))
        lane = _LANES.get((scope["method"], match[2])) if match else None
        if match is None or lane is None:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(pairs)
        if len(given) < len(pairs):
            return None
        try:
            return lane, match[1], lane.query.model_validate(given)
        except ValidationError:
            return None
