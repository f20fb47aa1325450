"""DCGAN's arithmetic in latent space."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.http import openapi, schemas
from service.http.request import negotiation
from service.http.request.body import json_body
from service.http.request.dependencies import FormatQuery, GeneratorModel
from service.http.routes import _generation
from service.http.routes._generation import FAILURES, check_count
from service.http.state import StateDependency
from service.imaging import formats
from service.imaging.pixels import square_columns
from service.pipelines import latents, output, resolve
from service.pipelines.resolve import LatentResolver

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/arithmetic",
    summary="Sums and differences of latents",
    response_class=Response,
    responses={**openapi.image_responses(formats.IMAGES), **openapi.error_responses(*FAILURES)},
    openapi_extra=openapi.json_body(schemas.ArithmeticRequest),
)
async def arithmetic(
    request: Request,
    state: StateDependency,
    model: GeneratorModel,
    query: FormatQuery,
    body: Annotated[schemas.ArithmeticRequest, Depends(json_body(schemas.ArithmeticRequest))],
) -> Response:
    """Add and subtract means of latents and named directions; `variations` adds images from around the result."""
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    count = 1 + body.variations
    check_count(count, state)
    columns = output.grid_columns(count, body.columns, square_columns(count))
    resolver = LatentResolver(model.manifest, body.class_)
    seed = latents.random_seed() if body.seed is None else body.seed
    named = [latent for term in body.terms for latent in term.latents]
    points = await _generation.resolved(
        named, lambda: resolve.arithmetic(resolver, body.terms, body.directions, body.variations, body.jitter, seed)
    )
    spec = _generation.output_spec(state, model, resolver, form, columns)
    return await _generation.respond(request, state, model, resolver, points, spec)
