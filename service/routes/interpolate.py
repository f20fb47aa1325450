"""Walks in latent space."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service import answers, drawing, negotiation, problems, schemas, streams
from service.answers import Animation, Layout
from service.bodies import json_body, json_body_page
from service.dependencies import FormatQuery, GeneratorModel
from service.drawing import Drawing, Point
from service.parts import ServicesDependency
from service.routes import generation

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/interpolate",
    summary="A walk between latents",
    response_class=Response,
    responses={**generation.picture_page(negotiation.WALKS), **problems.responses(*generation.FAILURES)},
    openapi_extra=json_body_page(schemas.InterpolateRequest),
)
async def interpolate(
    request: Request,
    parts: ServicesDependency,
    model: GeneratorModel,
    query: FormatQuery,
    body: Annotated[schemas.InterpolateRequest, Depends(json_body(schemas.InterpolateRequest))],
) -> Response:
    """Walks from latent to latent. PNG and JPEG give a strip; GIF, APNG and WebP animate.

    `Accept: text/event-stream` sends each frame as soon as it is drawn, as an event `frame` with `index`, `of`,
    `content_type` and base64 `data`, and at last `done`, or `error` with a problem document.
    `multipart/x-mixed-replace` sends the frames as they are, each in place of the one before.
    """
    form = negotiation.choose(query.format, request.headers.getlist("accept"), negotiation.WALKS)
    strip = answers.layout(body.frames, body.columns, body.frames)
    source = Drawing(model.manifest, body.class_)

    def walk() -> list[Point]:
        keyframes = [source.point(latent) for latent in body.points]
        return drawing.walk(keyframes, body.steps, body.method, body.loop)

    points = await generation.resolve(body.points, walk)
    if form in streams.CONTENT_TYPES:
        return await generation.stream(request, parts, model, source, points, form)
    shape = Layout(strip.columns, Animation(body.fps, body.loop))
    return await generation.draw(request, parts, model, source, points, form, shape)
