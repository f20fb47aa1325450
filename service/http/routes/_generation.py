"""What the three generating routes share: points are drawn, and the pictures answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from service.errors import (
    DeadlineExceeded,
    Draining,
    EngineError,
    GanvasError,
    Invalid,
    Malformed,
    ModelNotFound,
    NotAcceptable,
    NotReady,
    NotSupported,
    QueueFull,
    TooLarge,
)
from service.http import problems, schemas
from service.http.request.dependencies import while_connected
from service.http.response import responses, streaming
from service.http.state import AppState
from service.imaging.formats import MEDIA_TYPES
from service.pipelines import output
from service.pipelines.generate import Generation
from service.pipelines.output import Animation, Metadata, OutputSpec
from service.pipelines.resolve import LatentResolver, ResolvedLatent
from service.repository.loaded_model import LoadedModel
from service.telemetry.timing import PhaseTimer

FAILURES: tuple[type[GanvasError], ...] = (
    Malformed,
    ModelNotFound,
    NotAcceptable,
    NotSupported,
    TooLarge,
    Invalid,
    QueueFull,
    NotReady,
    Draining,
    DeadlineExceeded,
    EngineError,
)

_MAX_INLINE_LATENTS = 64  # 2 to 3 ms


def picture_page(formats: Sequence[str], cycle: bool = False) -> dict[int | str, dict[str, object]]:
    """The answers of a route that gives pictures, for the OpenAPI page."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    document = {"schema": {"type": "object"}}
    content = {MEDIA_TYPES[form]: document if form == "json" else binary for form in formats}
    headers = {
        "X-Model": {"description": "name@version", "schema": {"type": "string"}},
        "X-Seed": {
            "description": "The seeds used, comma-separated, where seeds drew it.",
            "schema": {"type": "string"},
        },
        "Server-Timing": {"description": "Milliseconds of each phase.", "schema": {"type": "string"}},
    }
    if cycle:
        about = "Mean absolute error of the way there and back, 0 to 255 on RGB, comma-separated, with cycle=true."
        headers["X-Cycle-Error"] = {"description": about, "schema": {"type": "string"}}
        del headers["X-Seed"]
    return {200: {"description": "The pictures.", "content": content, "headers": headers}}


def check_count(count: int, state: AppState) -> None:
    """Refuses more pictures than a request may ask for."""
    if count > state.settings.max_images:
        raise Invalid(f"{count} pictures were asked for, but a request may ask for {state.settings.max_images} at most")


async def resolve(named: Sequence[schemas.Latent], work: Callable[[], list[ResolvedLatent]]) -> list[ResolvedLatent]:
    """The points that latents name; many are drawn in a worker thread, since a thousand seeds take tens of ms."""
    if sum(schemas.count(latent) for latent in named) > _MAX_INLINE_LATENTS:
        return await asyncio.to_thread(work)
    return work()


def metadata(state: AppState, model: LoadedModel, truncation: float) -> Metadata | None:
    """What files record about their origin, if the settings allow it."""
    return Metadata(model.manifest.digest, truncation) if state.settings.metadata else None


def output_spec(
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    form: str,
    columns: int,
    animation: Animation | None = None,
) -> OutputSpec:
    """What the images of a request become."""
    return OutputSpec(model.name, form, columns, animation, metadata(state, model, resolver.truncation))


async def draw(
    request: Request,
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    latents: Sequence[ResolvedLatent],
    spec: OutputSpec,
) -> Response:
    """Generate images and respond with them. Identical requests in flight share the work."""
    timer: PhaseTimer = getattr(request.state, "timer", None) or PhaseTimer(request.state.started)
    deadline: float = request.state.deadline
    generation = Generation(model, resolver, latents, deadline)
    is_light = generation.is_light(spec.format)

    # If others wait too, one batch for all of them is faster.
    at_once = generation.body_at_once(spec, timer) if is_light and state.in_hand() <= 1 else None
    if at_once is not None:
        state.metrics.phases(model.name, timer.phases)
        return responses.respond(model, at_once, spec.format, resolver.seeds, timer)

    async def work() -> bytes:
        body = await generation.body(spec, timer)
        state.metrics.phases(model.name, timer.phases)
        return body

    rows = (array.tobytes() for array in generation.rows.values())
    key = (spec, tuple(latent.seed for latent in latents), *rows)
    waiting_since = time.perf_counter()
    shared = state.single_flight.run_light(key, work) if is_light else state.single_flight.run(key, work, deadline)
    body, is_own = await while_connected(request, shared)
    if not is_own:
        timer.add("queue", time.perf_counter() - waiting_since)
    return responses.respond(model, body, spec.format, resolver.seeds, timer)


async def stream(
    request: Request,
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    latents: Sequence[ResolvedLatent],
    form: str,
) -> Response:
    """Respond with the images one by one.

    The first image is there before the response starts, so that the request may still be refused.
    """
    timer: PhaseTimer = request.state.timer
    encode = partial(output.encode_one, form="png", metadata=metadata(state, model, resolver.truncation))
    generation = Generation(model, resolver, latents, request.state.deadline)
    rest = generation.stream(encode, state.settings.max_batch_size, timer)
    first = await while_connected(request, anext(rest))

    async def files() -> AsyncIterator[bytes]:
        async with aclosing(rest):
            yield first
            async for file in rest:
                yield file

    if form == "events":
        body = streaming.events(files(), len(latents), model.name, partial(problems.describe, request))
    else:
        body = streaming.replacing_parts(files())
    headers = responses.headers(model, resolver.seeds, timer) | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(body, 200, headers, streaming.CONTENT_TYPES[form])
