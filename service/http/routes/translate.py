"""Pictures of one domain turned into another."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from math import ceil
from typing import Annotated, TypeVar

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from service.errors import ModelNotFound, NotAnImage, NotSupported, TooLarge, Unavailable
from service.http import problems, schemas
from service.http.request import negotiation
from service.http.request.body import UploadedPictures, picture_page
from service.http.request.dependencies import TranslatorModel, lease, while_connected
from service.http.response import responses
from service.http.response.responses import Clock, Picture, Prepared
from service.http.routes import _generation
from service.http.state import AppState, StateDependency
from service.imaging import codecs
from service.imaging.codecs import Floats, Pixels
from service.pipelines.translate import Translator
from service.repository.loaded_model import LoadedModel

router = APIRouter(prefix="/v1/models/{model}", tags=["translate"])
T = TypeVar("T")


@router.post(
    "/translate",
    summary="Pictures of one domain turned into another",
    response_class=Response,
    responses={
        **_generation.picture_page(negotiation.PICTURES, cycle=True),
        **problems.responses(*_generation.FAILURES, NotAnImage, Unavailable),
    },
    openapi_extra=picture_page(many=True),
)
async def translate(
    request: Request,
    state: StateDependency,
    model: TranslatorModel,
    query: Annotated[schemas.TranslateQuery, Query()],
    raws: UploadedPictures,
) -> Response:
    """Translates pictures of any size; each comes back at its own. `cycle` tells how well it leads back."""
    clock: Clock = request.state.clock
    form = negotiation.choose(query.format, request.headers.getlist("accept"), negotiation.PICTURES)
    shape = responses.layout(len(raws), query.columns, codecs.square_columns(len(raws)))
    inverse = await lease(request, state, _inverse(model, state)) if query.cycle else None
    sizes = [codecs.measure(raw, state.settings.max_image_pixels) for raw in raws]
    _check_sizes(sizes, model, query, form, shape.columns, state)
    if state.settings.metadata:
        shape = replace(shape, truncation=1.0)
    with state.pixels.hold(sum(width * height for width, height in sizes)):
        with clock.phase("decode"):
            pictures = [await asyncio.to_thread(_read, raw, state.settings.max_image_pixels) for raw in raws]
        there = Translator(model, request.state.deadline, state.settings.tile_px)
        back = None if inverse is None else replace(there, model=inverse)
        is_whole = len(raws) == 1 and back is None

        def finish(floats: Floats, pixels: Pixels) -> Prepared | bytes:
            """The whole answer, where it is one picture; else the picture."""
            drawn = np.concatenate((codecs.to_uint8(floats[None])[0], pixels[:, :, 3:]), axis=2)
            prepared = responses.prepare(model, Picture(drawn, None, None, None), form, shape)
            return responses.assemble(model, [prepared], form, shape) if is_whole else prepared

        async def one(pixels: Pixels, floats: Floats) -> tuple[Prepared | bytes, float]:
            if back is None:
                return await there.translate(floats, query.fit, lambda made: finish(made, pixels)), 0.0
            made, prepared = await there.translate(floats, query.fit, lambda made: (made, finish(made, pixels)))
            return prepared, await back.translate(made, query.fit, lambda again: _difference(again, pixels))

        started = time.perf_counter()
        found = await while_connected(request, _together([one(*picture) for picture in pictures]))
        passed = time.perf_counter() - started
        # Those of several pictures overlap, so that together they may be longer than what has passed.
        queued = min(passed, there.queue_s + (back.queue_s if back else 0.0))
        clock.phases["queue"] = queued
        clock.phases["encode"] = min(passed - queued, there.finish_s)
        clock.phases["infer"] = passed - queued - clock.phases["encode"]
        body = found[0][0]
        if not isinstance(body, bytes):
            drawn = [picture for picture, _ in found if isinstance(picture, Prepared)]
            started = time.perf_counter()
            body = await asyncio.to_thread(responses.assemble, model, drawn, form, shape)
            clock.phases["encode"] += time.perf_counter() - started
    state.metrics.phases(model.name, clock.phases)
    response = responses.respond(model, body, form, (), clock)
    if inverse is not None:
        response.headers["X-Cycle-Error"] = ",".join(f"{error:.2f}" for _, error in found)
    return response


def _read(raw: bytes, max_pixels: int) -> tuple[Pixels, Floats]:
    """A picture's bytes as (H, W, 3 or 4) levels, and its colour as a translator takes it, (3, H, W)."""
    pixels = codecs.decode(raw, max_pixels)
    return pixels, codecs.to_float32(pixels[None, :, :, :3])[0]


def _difference(again: Floats, pixels: Pixels) -> float:
    """The mean absolute error of the way back, 0 ... 255."""
    return float(np.abs(codecs.to_uint8(again[None])[0].astype(np.int16) - pixels[:, :, :3]).mean())


async def _together(work: Sequence[Awaitable[T]]) -> list[T]:
    """All results; where one fails, the others are given up."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _inverse(model: LoadedModel, state: AppState) -> LoadedModel:
    name = model.manifest.translation and model.manifest.translation.inverse
    if not name:
        raise NotSupported(f"{model.name} has no inverse model, so that no cycle can be closed; leave cycle out")
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
    """Refuses what would be too many pixels to decode, to translate or to answer, before anything is decoded."""
    settings, trained = state.settings, model.manifest.image
    given = sum(width * height for width, height in sizes)
    if given > settings.max_image_pixels:
        raise TooLarge(f"the pictures have {given} pixels together, but at most {settings.max_image_pixels} are read")
    fed = given if query.fit == "pad" else len(sizes) * trained.height * trained.width
    if fed > settings.max_translate_pixels:
        limit = settings.max_translate_pixels
        raise TooLarge(f"{fed} pixels would be translated, but {limit} at most are; send less, or use fit=resize")
    if form in ("zip", "json"):
        return
    cells = ceil(len(sizes) / columns) * columns if form != "npy" else len(sizes)
    drawn = cells * max(width for width, _ in sizes) * max(height for _, height in sizes)
    if drawn > settings.max_image_pixels:
        raise TooLarge(f"a grid of these pictures would have {drawn} pixels; use format=zip or format=json")
