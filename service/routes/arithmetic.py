"""DCGAN's arithmetic in latent space."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service import answers, drawing, images, latents, negotiation, problems, schemas
from service.bodies import json_body, json_body_page
from service.dependencies import FormatQuery, GeneratorModel
from service.drawing import Drawing
from service.parts import ServicesDependency
from service.routes.generation import FAILURES, check_count, draw, picture_page, resolve

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/arithmetic",
    summary="Sums and differences of latents",
    response_class=Response,
    responses={**picture_page(negotiation.PICTURES), **problems.responses(*FAILURES)},
    openapi_extra=json_body_page(schemas.ArithmeticRequest),
)
async def arithmetic(
    request: Request,
    parts: ServicesDependency,
    model: GeneratorModel,
    query: FormatQuery,
    body: Annotated[schemas.ArithmeticRequest, Depends(json_body(schemas.ArithmeticRequest))],
) -> Response:
    """Adds and subtracts means of latents and named directions; `variations` shows the result's surroundings."""
    form = negotiation.choose(query.format, request.headers.getlist("accept"), negotiation.PICTURES)
    count = 1 + body.variations
    check_count(count, parts)
    shape = answers.layout(count, body.columns, images.square_columns(count))
    source = Drawing(model.manifest, body.class_)
    seed = latents.random_seed() if body.seed is None else body.seed
    named = [latent for term in body.terms for latent in term.latents]
    points = await resolve(named, lambda: drawing.arithmetic(source, body, seed))
    return await draw(request, parts, model, source, points, form, shape)
