"""Pictures from seeds and latents."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.errors import Invalid
from service.http import problems, schemas
from service.http.request import negotiation
from service.http.request.body import json_body, json_body_page
from service.http.request.dependencies import FormatQuery, GeneratorModel
from service.http.response import caching
from service.http.routes import _generation
from service.http.routes._generation import FAILURES, check_count, draw, picture_page
from service.http.state import StateDependency
from service.imaging import codecs, formats
from service.pipelines import latents, output
from service.pipelines.resolve import LatentResolver, class_in_query

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/sample",
    summary="Pictures from seeds or latents",
    response_class=Response,
    responses={**picture_page(formats.IMAGES), **problems.responses(*FAILURES)},
    openapi_extra=json_body_page(schemas.SampleRequest),
)
async def sample(
    request: Request,
    state: StateDependency,
    model: GeneratorModel,
    query: FormatQuery,
    body: Annotated[schemas.SampleRequest, Depends(json_body(schemas.SampleRequest))],
) -> Response:
    """Draws pictures: `n` fresh ones, or those of `seeds`, or of `latents`."""
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    resolver = LatentResolver(model.manifest, body.class_, body.truncation)
    seeds = body.seeds or [latents.random_seed() for _ in range(body.n or 1)]
    count = len(body.latents or seeds)
    check_count(count, state)
    columns = output.grid_columns(count, body.columns, codecs.square_columns(count))
    named = body.latents
    if named:
        points = await _generation.resolve(named, lambda: [resolver.point(latent) for latent in named])
    else:
        points = [resolver.seed(seed) for seed in seeds]
    spec = _generation.output_spec(state, model, resolver, form, columns)
    return await draw(request, state, model, resolver, points, spec)


@router.head("/sample", include_in_schema=False)
@router.get(
    "/sample",
    summary="Pictures of seeds, as a link",
    response_class=Response,
    responses={
        **picture_page(formats.IMAGES),
        304: {"description": "The pictures have not changed; nothing was drawn."},
        **problems.responses(*FAILURES),
    },
)
async def sample_by_seed(
    request: Request,
    state: StateDependency,
    model: GeneratorModel,
    query: Annotated[schemas.SampleQuery, Query()],
) -> Response:
    """The pictures of the seeds seed ... seed+n-1, as a link that caches keep. Without a seed: fresh ones."""
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    first = latents.random_seed() if query.seed is None else query.seed
    if first + query.n > latents.SEED_LIMIT:
        raise Invalid("seed + n - 1 must be below 2^63")
    check_count(query.n, state)
    columns = output.grid_columns(query.n, query.columns, codecs.square_columns(query.n))
    resolver = LatentResolver(model.manifest, class_in_query(model.manifest, query.class_), query.truncation)
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    if query.seed is not None:
        metadata = state.settings.metadata
        headers["ETag"] = caching.etag(model, first, query.n, query.class_, query.truncation, columns, form, metadata)
        headers["Cache-Control"] = _cache_control(request, bool(state.settings.api_keys))
        if caching.not_modified(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    points = [resolver.seed(first + index) for index in range(query.n)]
    spec = _generation.output_spec(state, model, resolver, form, columns)
    response = await draw(request, state, model, resolver, points, spec)
    response.headers.update(headers)
    return response


def _cache_control(request: Request, has_keys: bool) -> str:
    """A pinned version's picture never changes; the newest version's may, with the next version.

    Where clients need keys, only their own caches may keep what they were given.
    """
    who = "private" if has_keys else "public"
    pinned = "@" in request.path_params["model"]
    return f"{who}, max-age=31536000, immutable" if pinned else f"{who}, max-age=60"
