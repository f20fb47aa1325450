"""Liveness, readiness and metrics."""

from fastapi import APIRouter, Response

from service.errors import Draining, Invalid, NotReady
from service.http import openapi, schemas
from service.http.request.dependencies import NoQuery
from service.http.state import StateDependency
from service.telemetry import metrics

router = APIRouter(tags=["health"])


@router.head("/livez", include_in_schema=False)
@router.get("/livez", summary="Alive", responses=openapi.error_responses(Invalid))
async def livez(_: NoQuery) -> schemas.Health:
    """Succeeds while the process is alive."""
    return schemas.Health(status="alive")


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", summary="Ready", responses=openapi.error_responses(NotReady, Draining, Invalid))
async def readyz(state: StateDependency, _: NoQuery) -> schemas.Health:
    """Whether requests should be sent here: every configured model is verified, and the service is not stopping."""
    state.check_ready()
    return schemas.Health(status="ready")


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **openapi.error_responses(Invalid)},
)
async def prometheus(state: StateDependency, _: NoQuery) -> Response:
    """The service's metrics in Prometheus' text format."""
    return Response(state.metrics.text(), headers={"Content-Type": metrics.CONTENT_TYPE})
