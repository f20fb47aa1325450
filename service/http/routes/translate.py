"""Images of one domain translated into another. The call is a direct route; see `routers`."""

import asyncio
import time
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import ceil
from typing import TypeVar

from fastapi import APIRouter, Request, Response

from service.errors import ModelNotFound, NotAnImage, NotSupported, TooLarge, Unavailable
from service.http import openapi, schemas
from service.http.request import negotiation
from service.http.request.body import uploaded_images
from service.http.request.context import context_of
from service.http.request.dependencies import lease, named_model, no_repeated_query, read_query
from service.http.request.disconnect import while_connected
from service.http.response import responses
from service.http.routes import _generation
from service.http.state import AppState, app_state
from service.imaging import codecs, formats
from service.imaging.pixels import Pixels, square_columns
from service.pipelines import output
from service.pipelines.output import EncodedImage, OutputImage, OutputSpec
from service.pipelines.translate import SourceImage, Translator, translate_and_back
from service.pipelines.translate import translate as translate_image
from service.repository.loaded_model import LoadedModel
from service.telemetry.timing import PhaseTimer

router = APIRouter(prefix="/v1/models/{model}", tags=["translate"])
T = TypeVar("T")


@router.post(
    "/translate",
    summary="Images of one domain translated into another",
    response_class=Response,
    responses={
        **openapi.image_responses(formats.IMAGES, cycle=True),
        **openapi.error_responses(*_generation.FAILURES, NotAnImage, Unavailable),
    },
    openapi_extra=openapi.parameters(schemas.TranslateQuery) | openapi.image_body(many=True),
)
async def translate(request: Request) -> Response:
    """Translate images of any size; each keeps its size. `cycle` reports how well the inverse model restores them."""
    state = await app_state(request)
    await no_repeated_query(request)
    model = await named_model(request, state, "translate")
    async with uploaded_images(request, state) as raws:
        query = read_query(request, schemas.TranslateQuery)
        return await _translate(request, state, model, query, raws)


async def _translate(
    request: Request, state: AppState, model: LoadedModel, query: schemas.TranslateQuery, raws: Sequence[bytes]
) -> Response:
    context = context_of(request)
    timer = context.timer
    settings = state.settings
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    columns = output.grid_columns(len(raws), query.columns, square_columns(len(raws)))
    inverse = await lease(request, state, _inverse(model, state)) if query.cycle else None
    sizes = [codecs.measure(raw, settings.max_image_pixels) for raw in raws]
    _check_sizes(sizes, model, query, form, columns, state)
    spec = OutputSpec(model.name, form, columns, metadata=_generation.metadata(state, model))
    there = Translator(model, context.deadline, settings.tile_px)
    back = None if inverse is None else replace(there, model=inverse)
    with state.pixels.hold(sum(width * height for width, height in sizes)):
        with timer.phase("decode"):
            sources = [await asyncio.to_thread(SourceImage.decode, raw, settings.max_image_pixels) for raw in raws]
        if back is not None:
            body, errors = await _translate_and_back(request, there, back, sources, query.fit, spec, timer)
        elif len(sources) == 1:
            body, errors = await _translate_one(request, there, sources[0], query.fit, spec, timer), []
        else:
            body, errors = await _translate_each(request, there, sources, query.fit, spec, timer), []
    state.metrics.phases(model.name, timer.phases)
    response = responses.respond(model, body, form, (), timer)
    if errors:
        response.headers["X-Cycle-Error"] = ",".join(f"{error:.2f}" for error in errors)
    return response


async def _translate_one(
    request: Request, there: Translator, source: SourceImage, fit: str, spec: OutputSpec, timer: PhaseTimer
) -> bytes:
    """The body of one translation, encoded in the thread of the inference."""
    with _phases(timer, there):
        return await while_connected(
            request, translate_image(there, source, fit, lambda pixels: output.encode([OutputImage(pixels)], spec))
        )


async def _translate_each(
    request: Request, there: Translator, sources: Sequence[SourceImage], fit: str, spec: OutputSpec, timer: PhaseTimer
) -> bytes:
    """The body of several translations."""
    with _phases(timer, there):
        work = [translate_image(there, source, fit, partial(_encoded, spec=spec)) for source in sources]
        images = await while_connected(request, _together(work))
    with timer.phase("encode"):
        return await asyncio.to_thread(output.assemble, images, spec)


async def _translate_and_back(
    request: Request,
    there: Translator,
    back: Translator,
    sources: Sequence[SourceImage],
    fit: str,
    spec: OutputSpec,
    timer: PhaseTimer,
) -> tuple[bytes, list[float]]:
    """The body of the translations, and the error of each image's way there and back."""
    with _phases(timer, there, back):
        work = [translate_and_back(there, back, source, fit, partial(_encoded, spec=spec)) for source in sources]
        cycles = await while_connected(request, _together(work))
    with timer.phase("encode"):
        body = await asyncio.to_thread(output.assemble, [image for image, _ in cycles], spec)
    return body, [error for _, error in cycles]


def _encoded(pixels: Pixels, spec: OutputSpec) -> EncodedImage:
    return output.encode_each([OutputImage(pixels)], spec)[0]


@contextmanager
def _phases(timer: PhaseTimer, *translators: Translator) -> Iterator[None]:
    """Divide the duration of the block into waiting, inference and encoding."""
    started = time.perf_counter()
    yield
    elapsed = time.perf_counter() - started
    # The phases of several images overlap, so that their sum may exceed the elapsed time.
    queue_s = min(elapsed, sum(each.queue_s for each in translators))
    encode_s = min(elapsed - queue_s, translators[0].finish_s)
    timer.add("queue", queue_s)
    timer.add("encode", encode_s)
    timer.add("infer", elapsed - queue_s - encode_s)


async def _together(work: Sequence[Awaitable[T]]) -> list[T]:
    """All results. If one fails, the others are cancelled."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _inverse(model: LoadedModel, state: AppState) -> LoadedModel:
    name = model.manifest.translation and model.manifest.translation.inverse
    if not name:
        raise NotSupported(f"{model.name} has no inverse model; leave cycle out")
    try:
        return state.repository.find(name)
    except ModelNotFound as error:
        raise NotSupported(f"the inverse of {model.name}, {name}, is not served; leave cycle out") from error


def _check_sizes(
    sizes: Sequence[tuple[int, int]],
    model: LoadedModel,
    query: schemas.TranslateQuery,
    form: str,
    columns: int,
    state: AppState,
) -> None:
    """Refuse too many pixels to decode, to translate or to respond with, before anything is decoded."""
    settings, trained = state.settings, model.manifest.image
    given = sum(width * height for width, height in sizes)
    if given > settings.max_image_pixels:
        raise TooLarge(f"the images have {given} pixels together, but at most {settings.max_image_pixels} are read")
    fed = given if query.fit == "pad" else len(sizes) * trained.height * trained.width
    if fed > settings.max_translate_pixels:
        limit = settings.max_translate_pixels
        raise TooLarge(f"{fed} pixels would be translated, but at most {limit} are; send less, or use fit=resize")
    if form in ("zip", "json"):
        return
    cells = ceil(len(sizes) / columns) * columns if form != "npy" else len(sizes)
    n_pixels = cells * max(width for width, _ in sizes) * max(height for _, height in sizes)
    if n_pixels > settings.max_image_pixels:
        raise TooLarge(f"a grid of these images would have {n_pixels} pixels; use format=zip or format=json")
