"""Every route of the service, by the modules that declare them."""

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope

from service.http.oip import routes as oip
from service.http.openai import routes as openai
from service.http.routes import (
    arithmetic,
    discriminate,
    docs,
    encode,
    health,
    interpolate,
    models,
    playground,
    reproduce,
    sample,
    translate,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    models.router,
    sample.router,
    interpolate.router,
    arithmetic.router,
    translate.router,
    discriminate.router,
    encode.router,
    reproduce.router,
    oip.router,
    openai.router,
    playground.router,
    docs.router,
)
"""Every call, in the order of the OpenAPI page."""


class DirectRoute(Route):
    """A plain route whose endpoint reads the request itself.

    FastAPI resolves the parameters of an endpoint by its dependency graph, which takes longer than the inference of a
    small network. The calls that clients make most therefore do without it: they are matched first, and FastAPI's
    routes of the same endpoints only describe them on the OpenAPI page.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as Starlette does, and record the route for the metrics, as FastAPI does."""
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self} if match is not Match.NONE else child_scope


DIRECT_ROUTES: tuple[DirectRoute, ...] = (
    DirectRoute("/v1/models/{model}/sample", sample.sample_by_seed, methods=["GET"]),
    DirectRoute("/v1/models/{model}/sample", sample.sample, methods=["POST"]),
    DirectRoute("/v1/models/{model}/translate", translate.translate, methods=["POST"]),
)
