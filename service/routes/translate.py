"""Pictures of one domain turned into another."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from math import ceil
from typing import Annotated, TypeVar

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from service import answers, images, negotiation, problems, schemas
from service.answers import Clock, Layout, Picture
from service.bodies import UploadedPictures, picture_page
from service.dependencies import TranslatorModel, lease, while_connected
from service.errors import ModelNotFound, NotAnImage, NotSupported, TooLarge, Unavailable
from service.images import Pixels
from service.model import LoadedModel
from service.parts import Services, ServicesDependency
from service.routes import generation
from service.translation import Translator

router = APIRouter(prefix="/v1/models/{model}", tags=["translate"])
T = TypeVar("T")


@router.post(
    "/translate",
    summary="Pictures of one domain turned into another",
    response_class=Response,
    responses={
        **generation.picture_page(negotiation.PICTURES, cycle=True),
        **problems.responses(*generation.FAILURES, NotAnImage, Unavailable),
    },
    openapi_extra=picture_page(many=True),
)
async def translate(
    request: Request,
    parts: ServicesDependency,
    model: TranslatorModel,
    query: Annotated[schemas.TranslateQuery, Query()],
    raws: UploadedPictures,
) -> Response:
    """Translates pictures of any size; each comes back at its own. `cycle` tells how well it leads back."""
    clock: Clock = request.state.clock
    form = negotiation.choose(query.format, request.headers.getlist("accept"), negotiation.PICTURES)
    shape = answers.layout(len(raws), query.columns, images.square_columns(len(raws)))
    inverse = await lease(request, parts, _inverse(model, parts)) if query.cycle else None
    sizes = [images.measure(raw, parts.settings.max_image_pixels) for raw in raws]
    _check_sizes(sizes, model, query, form, shape.columns, parts)
    with parts.pixels.hold(sum(width * height for width, height in sizes)):
        with clock.phase("decode"):
            pictures = [await asyncio.to_thread(images.decode, raw, parts.settings.max_image_pixels) for raw in raws]
        work = _translate(pictures, model, inverse, query.fit, request.state.deadline, parts, clock)
        translated, cycle_errors = await while_connected(request, work)
        if parts.settings.metadata:
            shape = replace(shape, truncation=1.0)
        with clock.phase("encode"):
            body = await asyncio.to_thread(_encode, model, translated, form, shape)
    parts.metrics.phases(model.name, clock.phases)
    response = answers.respond(model, body, form, (), clock)
    if inverse is not None:
        response.headers["X-Cycle-Error"] = ",".join(f"{error:.2f}" for error in cycle_errors)
    return response


def _encode(model: LoadedModel, translated: Sequence[Pixels], form: str, shape: Layout) -> bytes:
    drawn = (Picture(pixels, None, None, None) for pixels in translated)
    return answers.assemble(model, [answers.prepare(model, each, form, shape) for each in drawn], form, shape)


async def _translate(
    pictures: Sequence[Pixels],
    model: LoadedModel,
    inverse: LoadedModel | None,
    fit: str,
    deadline: float,
    parts: Services,
    clock: Clock,
) -> tuple[list[Pixels], list[float]]:
    """The translations, and the errors of the way back where there is an inverse."""
    there = Translator(model, deadline, parts.settings.tile_px)
    back = None if inverse is None else Translator(inverse, deadline, parts.settings.tile_px)

    async def one(pixels: Pixels) -> tuple[Pixels, float]:
        given = await asyncio.to_thread(images.to_float32, pixels[None, :, :, :3])
        floats = await there.translate(given[0], fit)
        translated = await asyncio.to_thread(images.to_uint8, floats[None])
        error = 0.0
        if back is not None:
            again = await asyncio.to_thread(images.to_uint8, (await back.translate(floats, fit))[None])
            error = float(np.abs(again[0].astype(np.int16) - pixels[:, :, :3]).mean())
        return np.concatenate((translated[0], pixels[:, :, 3:]), axis=2), error

    with clock.phase("infer"):
        results = await _together([one(pixels) for pixels in pictures])
    clock.phases["queue"] = there.queue_s + (back.queue_s if back else 0.0)
    clock.phases["infer"] = max(0.0, clock.phases["infer"] - clock.phases["queue"])
    return [pixels for pixels, _ in results], [error for _, error in results]


async def _together(work: Sequence[Awaitable[T]]) -> list[T]:
    """All results; where one fails, the others are given up."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _inverse(model: LoadedModel, parts: Services) -> LoadedModel:
    name = model.manifest.translation and model.manifest.translation.inverse
    if not name:
        raise NotSupported(f"{model.name} has no inverse model, so that no cycle can be closed; leave cycle out")
    try:
        return parts.repository.find(name)
    except ModelNotFound as error:
        raise NotSupported(f"the inverse of {model.name}, {name}, is not served; leave cycle out") from error


def _check_sizes(
    sizes: Sequence[tuple[int, int]],
    model: LoadedModel,
    query: schemas.TranslateQuery,
    form: str,
    columns: int,
    parts: Services,
) -> None:
    """Refuses what would be too many pixels to decode, to translate or to answer, before anything is decoded."""
    settings, trained = parts.settings, model.manifest.image
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
