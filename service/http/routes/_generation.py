"""What the three generating routes share: points are drawn, and the pictures answered."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
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
from service.http.request.negotiation import MEDIA_TYPES
from service.http.response import responses, streaming
from service.http.response.responses import Clock, Layout, Picture, Prepared
from service.http.state import AppState
from service.imaging import codecs
from service.pipelines import latents
from service.pipelines import resolve as resolving
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

_FEW_LATENTS = 64  # 2 to 3 ms
_FEW_VALUES = 4096  # of pixels, that are encoded within 0.1 ms


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
    if sum(schemas.count(latent) for latent in named) > _FEW_LATENTS:
        return await asyncio.to_thread(work)
    return work()


async def draw(
    request: Request,
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    points: Sequence[ResolvedLatent],
    form: str,
    shape: Layout,
) -> Response:
    """Runs the generator on the points and answers its pictures; identical requests in flight share the work."""
    clock: Clock = getattr(request.state, "clock", None) or Clock(request.state.started)
    fed = resolving.rows(points)
    if state.settings.metadata:
        shape = replace(shape, truncation=resolver.truncation)
    deadline: float = request.state.deadline

    def finish(output: codecs.Floats, first: int) -> bytes | list[Prepared]:
        """The whole answer where one batch drew it; else some of its pictures."""
        pixels = codecs.to_uint8(output)
        named = zip(points[first : first + len(pixels)], pixels, strict=True)
        drawn = [responses.prepare(model, picture(resolver, point, own), form, shape) for point, own in named]
        return responses.assemble(model, drawn, form, shape) if len(drawn) == len(points) else drawn

    is_light = _is_light(model, len(points), form)

    async def work() -> bytes:
        submitted = model.generator.submit_and_finish(fed, deadline, finish, is_light)
        made = await clock.inference(submitted)
        if isinstance(made[0], bytes):
            body = made[0]
        else:
            drawn = [each for some in made if not isinstance(some, bytes) for each in some]
            with clock.phase("encode"):
                body = await asyncio.to_thread(responses.assemble, model, drawn, form, shape)
        state.metrics.phases(model.name, clock.phases)
        return body

    # Where others wait too, a batch for all of them is quicker.
    quick = model.generator.at_once(fed, finish) if is_light and state.in_hand() <= 1 else None
    if quick is not None:
        assert isinstance(quick.output, bytes)
        clock.passed(quick)
        state.metrics.phases(model.name, clock.phases)
        return responses.respond(model, quick.output, form, resolver.seeds, clock)
    key = (model.name, form, shape, tuple(p.seed for p in points), *(array.tobytes() for array in fed.values()))
    waited = time.perf_counter()
    shared = state.single_flight.run_light(key, work) if is_light else state.single_flight.run(key, work, deadline)
    body, is_own = await while_connected(request, shared)
    if not is_own:
        clock.phases["queue"] = time.perf_counter() - waited
    return responses.respond(model, body, form, resolver.seeds, clock)


def _is_light(model: LoadedModel, count: int, form: str) -> bool:
    """Whether to encode pictures takes less than to change threads."""
    size = model.manifest.image
    return form in ("png", "jpeg") and count * size.height * size.width * size.channels <= _FEW_VALUES


async def stream(
    request: Request,
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    points: Sequence[ResolvedLatent],
    form: str,
) -> Response:
    """Answers the pictures one by one. The first is there before the answer begins, so that it may still be refused."""
    clock: Clock = request.state.clock
    shape = Layout(1, truncation=resolver.truncation if state.settings.metadata else None)
    ahead = state.settings.max_batch_size
    outputs = streaming.outputs(model.generator, resolving.rows(points), request.state.deadline, ahead, clock)

    def file(point: ResolvedLatent, output: codecs.Floats) -> bytes:
        return responses.encode_alone(model, picture(resolver, point, codecs.to_uint8(output)[0]), shape)

    first = await while_connected(request, anext(outputs))

    async def files() -> AsyncIterator[bytes]:
        async with aclosing(outputs):
            yield await asyncio.to_thread(file, points[0], first)
            for point in points[1:]:
                yield await asyncio.to_thread(file, point, await anext(outputs))

    describe = partial(problems.describe, request)
    is_events = form == "events"
    body = (
        streaming.events(files(), len(points), model.name, describe)
        if is_events
        else streaming.replacing_parts(files())
    )
    headers = responses.headers(model, resolver.seeds, clock) | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(body, 200, headers, streaming.CONTENT_TYPES[form])


def picture(resolver: LatentResolver, point: ResolvedLatent, pixels: codecs.Pixels) -> Picture:
    """A drawn picture and where it came from."""
    name = resolver.name_of(point.blend)
    latent = {"token": latents.to_token(point.latent)} | ({} if name is None else {"class": name})
    return Picture(pixels, latent, point.seed, name)
