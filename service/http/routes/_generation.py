"""What the generating routes share: limits, errors, and the response that latents become."""

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
from service.http.request.context import context_of
from service.http.request.disconnect import while_connected
from service.http.response import responses, streaming
from service.http.state import AppState
from service.pipelines import output
from service.pipelines.generate import Generation
from service.pipelines.output import Animation, Metadata, OutputSpec
from service.pipelines.resolve import LatentResolver, ResolvedLatent
from service.repository.loaded_model import LoadedModel

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

_MAX_INLINE_LATENTS = 64  # resolved within 2 to 3 ms


def check_count(count: int, state: AppState) -> None:
    """Refuse more images than a request may ask for.

    Raises:
        Invalid: too many.
    """
    if count > state.settings.max_images:
        raise Invalid(f"{count} images were requested, but a request may ask for {state.settings.max_images} at most")


async def resolved(
    latents: Sequence[schemas.Latent], resolve: Callable[[], list[ResolvedLatent]]
) -> list[ResolvedLatent]:
    """What `resolve` returns; for many latents in a worker thread, since a thousand seeds take tens of ms."""
    if sum(schemas.count(latent) for latent in latents) > _MAX_INLINE_LATENTS:
        return await asyncio.to_thread(resolve)
    return resolve()


def metadata(state: AppState, model: LoadedModel, truncation: float = 1.0) -> Metadata | None:
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


async def respond(
    request: Request,
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    latents: Sequence[ResolvedLatent],
    spec: OutputSpec,
) -> Response:
    """Generate images and respond with all of them. Identical requests in flight share the work."""
    context = context_of(request)
    timer, deadline = context.timer, context.deadline
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
    """Generate images and respond with them one by one, as a key of `streaming.CONTENT_TYPES` names it.

    The first image is there before the response starts, so that the request may still be refused.
    """
    context = context_of(request)
    encode = partial(output.encode_one, form="png", metadata=metadata(state, model, resolver.truncation))
    generation = Generation(model, resolver, latents, context.deadline)
    rest = generation.stream(encode, state.settings.max_batch_size, context.timer)
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
    headers = responses.headers(model, resolver.seeds, context.timer)
    headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(body, 200, headers, streaming.CONTENT_TYPES[form])
