"""The service as a deployment of Ray Serve: each replica is the application that `python -m service` serves.

    serve run deploy/ray/serve_config.yaml

Ray's proxy takes the place of uvicorn, and its controller that of the worker processes. Settings come from the
environment of the replicas. Knows nothing about the service's calls.
"""

import asyncio
import math
from typing import Any

import ray
from ray import serve
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from service.http.app import create_app
from service.http.state import AppState
from service.settings import Settings
from service.telemetry import logs, tracing

_MARGIN_S = 5.0


class Application:
    """The application of one replica. Pure ASGI.

    Attributes:
        state: what it is made of.
    """

    def __init__(self, settings: Settings) -> None:
        logs.configure(settings.log_level)
        app = create_app(settings)
        self.state: AppState = app.state.ganvas
        self._app = tracing.traced(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, including the lifespan, except the response's request id, which Ray adds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = (b"x-request-id", Headers(scope=scope).get("x-request-id", "").encode("latin-1"))

        async def send_without_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [pair for pair in message["headers"] if pair != added]
            await send(message)

        await self._app(scope, receive, send_without_id)


class Ganvas:
    """Ray's calls of a replica besides requests."""

    app: Application

    async def check_health(self) -> None:
        """Raise what /readyz would report.

        Ray sends nothing to a replica before its first check, and replaces one that fails a later one.

        Raises:
            NotReady: models are missing.
        """
        state = self.app.state
        if state.opening is not None:
            await asyncio.wait([state.opening])
        state.check_ready()


def build() -> Application:
    """The application, made in the replica, so that nothing of it is ever pickled."""
    return Application(fitted(Settings(), ray.get_runtime_context().get_assigned_resources()))


def fitted(settings: Settings, given: dict[str, float]) -> Settings:
    """Settings with one thread per core that Ray assigned, unless they are set.

    A replica sees every core of its node, and would use all of them.

    Args:
        settings: of the service.
        given: amounts of Ray's resources that the replica holds.
    """
    cores = max(1, math.floor(given.get("CPU", 1)))
    wanted = {"threads": cores, "instances": min(cores, settings.execution().instances)}
    return settings.model_copy(update={name: n for name, n in wanted.items() if not getattr(settings, name)})


def deployment() -> Any:
    """The deployment with its defaults, which the `deployments` of a serve config may change."""
    batch, settings = Settings.model_fields["max_batch_size"].default, Settings()
    return serve.deployment(
        serve.ingress(build)(Ganvas),
        name="Ganvas",
        # One batch running and none waiting uses a replica well.
        autoscaling_config={"min_replicas": 1, "max_replicas": 8, "target_ongoing_requests": batch},
        max_ongoing_requests=4 * batch,
        max_queued_requests=16 * batch,  # of each proxy, which then responds with 503
        ray_actor_options={"num_cpus": 1},
        health_check_period_s=5.0,
        health_check_timeout_s=10.0,
        # Ray removes a replica first, then waits for its requests.
        graceful_shutdown_timeout_s=settings.deadline_s + settings.drain_s + _MARGIN_S,
    )


app = deployment().bind()
