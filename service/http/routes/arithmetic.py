"""DCGAN's arithmetic in latent space."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.http import problems, schemas
from service.http.request import negotiation
from service.http.request.body import json_body, json_body_page
from service.http.request.dependencies import FormatQuery, GeneratorModel
from service.http.routes import _generation
from service.http.routes._generation import FAILURES, check_count, draw, picture_page
from service.http.state import StateDependency
from service.imaging import codecs, formats
from service.pipelines import latents, output, resolve
from service.pipelines.resolve import LatentResolver

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/arithmetic",
    summary="Sums and differences of latents",
    response_class=Response,
    responses={**picture_page(formats.IMAGES), **problems.responses(*FAILURES)},
    openapi_extra=json_body_page(schemas.ArithmeticRequest),
)
async def arithmetic(
    request: Request,
    state: StateDependency,
    model: GeneratorModel,
    query: FormatQuery,
    body: Annotated[schemas.ArithmeticRequest, Depends(json_body(schemas.ArithmeticRequest))],
) -> Response:
    """Adds and subtracts means of latents and named directions; `variations` shows the result's surroundings."""
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    count = 1 + body.variations
    check_count(count, state)
    columns = output.grid_columns(count, body.columns, codecs.square_columns(count))
    resolver = LatentResolver(model.manifest, body.class_)
    seed = latents.random_seed() if body.seed is None else body.seed
    named = [latent for term in body.terms for latent in term.latents]
    points = await _generation.resolve(
        named, lambda: resolve.arithmetic(resolver, body.terms, body.directions, body.variations, body.jitter, seed)
    )
    spec = _generation.output_spec(state, model, resolver, form, columns)
    return await draw(request, state, model, resolver, points, spec)
