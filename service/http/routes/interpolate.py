"""Interpolation between latents."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.http import openapi, schemas
from service.http.request import negotiation
from service.http.request.body import json_body
from service.http.request.dependencies import FormatQuery, GeneratorModel
from service.http.response import streaming
from service.http.routes import _generation
from service.http.state import StateDependency
from service.imaging import formats
from service.pipelines import output, resolve
from service.pipelines.output import Animation
from service.pipelines.resolve import LatentResolver, ResolvedLatent

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/interpolate",
    summary="Interpolation between latents",
    response_class=Response,
    responses={**openapi.image_responses(formats.STREAMED_FRAMES), **openapi.error_responses(*_generation.FAILURES)},
    openapi_extra=openapi.json_body(schemas.InterpolateRequest),
)
async def interpolate(
    request: Request,
    state: StateDependency,
    model: GeneratorModel,
    query: FormatQuery,
    body: Annotated[schemas.InterpolateRequest, Depends(json_body(schemas.InterpolateRequest))],
) -> Response:
    """Interpolate from latent to latent. PNG and JPEG give a strip; GIF, APNG and WebP animate.

    `Accept: text/event-stream` sends each frame as soon as it is generated, as an event `frame` with `index`, `of`,
    `content_type` and base64 `data`, and finally `done`, or `error` with a problem document.
    `multipart/x-mixed-replace` sends the frames as they are, each in place of the one before.
    """
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.STREAMED_FRAMES)
    columns = output.grid_columns(body.frames, body.columns, body.frames)
    resolver = LatentResolver(model.manifest, body.class_)

    def interpolated() -> list[ResolvedLatent]:
        keyframes = [resolver.latent(latent) for latent in body.points]
        return resolve.interpolate(keyframes, body.steps, body.method, body.loop)

    points = await _generation.resolved(body.points, interpolated)
    if form in streaming.CONTENT_TYPES:
        return await _generation.stream(request, state, model, resolver, points, form)
    spec = _generation.output_spec(state, model, resolver, form, columns, Animation(body.fps, body.loop))
    return await _generation.respond(request, state, model, resolver, points, spec)
