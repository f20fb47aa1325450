"""OpenAI's images API, for clients that are written for it."""

import base64
import re
import time
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from service.errors import Invalid, NotAcceptable, NotSupported, TooLarge
from service.http import openapi, problems
from service.http.openai.schemas import GeneratedImage, Generation, GenerationRequest
from service.http.request.body import json_body
from service.http.request.context import context_of
from service.http.request.dependencies import NoQuery, lease, resolve
from service.http.request.disconnect import while_connected
from service.http.response import responses
from service.http.routes import _generation
from service.http.state import AppState, StateDependency
from service.imaging import codecs
from service.imaging.pixels import resize
from service.pipelines import generate, latents, output
from service.pipelines.output import Metadata, OutputImage
from service.pipelines.resolve import LatentResolver, ResolvedLatent
from service.repository.loaded_model import LoadedModel

router = APIRouter(prefix="/v1/images", tags=["OpenAI"])
_UNUSED = "prompt unused"


@router.post(
    "/generations",
    summary="Images by OpenAI's API",
    responses=openapi.error_responses(
        *(kind for kind in _generation.FAILURES if kind is not NotAcceptable), form=problems.OPENAI
    ),
    response_model_exclude_none=True,
    openapi_extra=openapi.json_body(GenerationRequest),
)
async def generations(
    request: Request,
    response: Response,
    state: StateDependency,
    _: NoQuery,
    body: Annotated[GenerationRequest, Depends(json_body(GenerationRequest))],
) -> Generation:
    """Generate images. The prompt selects a class by its name if the model has classes; else it has no effect."""
    model, count = _model(body, state), body.n or 1
    _generation.check_count(count, state)
    own = (model.manifest.image.width, model.manifest.image.height)
    width, height = body.sides or own
    if count * width * height > state.settings.max_image_pixels:
        raise TooLarge(f"{count} images of {width} x {height} px exceed the limit of one request")
    first = latents.random_seed() if body.seed is None else body.seed
    if first + count > latents.SEED_LIMIT:
        raise Invalid("seed + n - 1 must be below 2^63")
    resolver = LatentResolver(model.manifest, _class(model, body.prompt))
    points = [resolver.seed(first + index) for index in range(count)]
    form = body.output_format or "png"
    names = [resolver.name_of(point.blend) for point in points]
    if body.response_format == "url":
        if (width, height) != own:
            raise Invalid(f"a url gives the model's own size, {own[0]}x{own[1]}; leave size out, or use b64_json")
        links = zip(resolver.seeds, names, strict=True)
        found = [{"url": _url(request, model, seed, name, form)} for seed, name in links]
        response.headers["X-Model"] = model.name
    else:
        await lease(request, state, model)
        files = await _files(request, response, state, model, resolver, points, form, (width, height))
        found = [{"b64_json": base64.b64encode(file).decode()} for file in files]
    data = [
        GeneratedImage(**fields, revised_prompt=str(name or _UNUSED), seed=seed)
        for fields, name, seed in zip(found, names, resolver.seeds, strict=True)
    ]
    warnings = [f"{name} is ignored" for name in body.ignored]
    return Generation(
        created=int(time.time()), data=data, output_format=form, size=f"{width}x{height}", warnings=warnings
    )


async def _files(
    request: Request,
    response: Response,
    state: AppState,
    model: LoadedModel,
    resolver: LatentResolver,
    points: Sequence[ResolvedLatent],
    form: str,
    size: tuple[int, int],
) -> list[bytes]:
    context = context_of(request)
    timer = context.timer
    metadata = _generation.metadata(state, model, resolver.truncation)
    generation = generate.Generation(model, resolver, points, context.deadline)
    work = generation.files(lambda image: _file(image, form, metadata, size), timer)
    files = await while_connected(request, work)
    state.metrics.phases(model.name, timer.phases)
    response.headers.update(responses.headers(model, resolver.seeds, timer))
    return files


def _file(image: OutputImage, form: str, metadata: Metadata | None, size: tuple[int, int]) -> bytes:
    """An image's file at a size, (width, height) in px. A resized one has no metadata: its pixels differ."""
    height, width, _ = image.pixels.shape
    if size == (width, height):
        return output.encode_one(image, form, metadata)
    return codecs.encode(resize(image.pixels, *size), form)  # type: ignore[arg-type]  # checked by the schema


def _model(body: GenerationRequest, state: AppState) -> LoadedModel:
    names = {model.manifest.name for model in state.repository if model.manifest.task == "generate"}
    if body.model is None and len(names) != 1:
        raise Invalid(f"name a model; served are: {', '.join(sorted(names)) or 'none'}")
    model = resolve(state, body.model or next(iter(names)))
    if model.manifest.task != "generate":
        raise NotSupported(f"{model.name} translates images; it does not generate them from latents")
    return model


def _class(model: LoadedModel, prompt: str | None) -> str | None:
    """The class whose name the prompt contains; the longest, if there are several."""
    text = (prompt or "").casefold()
    names = model.manifest.classes or ()
    found = [name for name in names if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", text)]
    return max(found, key=len, default=None)


def _url(request: Request, model: LoadedModel, seed: int, class_: object, form: str) -> str:
    """The cacheable link of the pinned version."""
    query = {"seed": seed} | ({} if class_ is None else {"class": class_}) | {"format": form}
    return f"{str(request.base_url).rstrip('/')}/v1/models/{model.name}/sample?{urlencode(query)}"
