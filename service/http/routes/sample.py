"""Images of seeds and latents. Both calls are direct routes; see `routers`."""

from fastapi import APIRouter, Request, Response

from service.errors import Invalid
from service.http import openapi, schemas
from service.http.request import negotiation
from service.http.request.body import read_json
from service.http.request.dependencies import named_model, no_repeated_query, read_query
from service.http.response import caching
from service.http.routes import _generation
from service.http.routes._generation import FAILURES, check_count
from service.http.state import app_state
from service.imaging import formats
from service.imaging.pixels import square_columns
from service.pipelines import latents, output
from service.pipelines.resolve import LatentResolver, class_in_query

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/sample",
    summary="Images of seeds or latents",
    response_class=Response,
    responses={**openapi.image_responses(formats.IMAGES), **openapi.error_responses(*FAILURES)},
    openapi_extra=openapi.parameters(schemas.FormatQuery) | openapi.json_body(schemas.SampleRequest),
)
async def sample(request: Request) -> Response:
    """Generate images: `n` fresh ones, or those of `seeds`, or of `latents`."""
    state = await app_state(request)
    await no_repeated_query(request)
    model = await named_model(request, state, "generate")
    body = await read_json(request, state, schemas.SampleRequest)
    query = read_query(request, schemas.FormatQuery)
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    resolver = LatentResolver(model.manifest, body.class_, body.truncation)
    seeds = body.seeds or [latents.random_seed() for _ in range(body.n or 1)]
    given = body.latents
    count = len(given or seeds)
    check_count(count, state)
    columns = output.grid_columns(count, body.columns, square_columns(count))
    if given:
        resolved = await _generation.resolved(given, lambda: [resolver.latent(latent) for latent in given])
    else:
        resolved = [resolver.seed(seed) for seed in seeds]
    spec = _generation.output_spec(state, model, resolver, form, columns)
    return await _generation.respond(request, state, model, resolver, resolved, spec)


@router.head("/sample", include_in_schema=False)
@router.get(
    "/sample",
    summary="Images of seeds, as a link",
    response_class=Response,
    responses={
        **openapi.image_responses(formats.IMAGES),
        304: {"description": "The images have not changed; nothing was generated."},
        **openapi.error_responses(*FAILURES),
    },
    openapi_extra=openapi.parameters(schemas.SampleQuery),
)
async def sample_by_seed(request: Request) -> Response:
    """Generate the images of the seeds seed ... seed+n-1, as a link that caches store. Without a seed: fresh ones."""
    state = await app_state(request)
    await no_repeated_query(request)
    model = await named_model(request, state, "generate")
    query = read_query(request, schemas.SampleQuery)
    form = negotiation.choose(query.format, request.headers.getlist("accept"), formats.IMAGES)
    first = latents.random_seed() if query.seed is None else query.seed
    if first + query.n > latents.SEED_LIMIT:
        raise Invalid("seed + n - 1 must be below 2^63")
    check_count(query.n, state)
    columns = output.grid_columns(query.n, query.columns, square_columns(query.n))
    resolver = LatentResolver(model.manifest, class_in_query(model.manifest, query.class_), query.truncation)
    spec = _generation.output_spec(state, model, resolver, form, columns)
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    if query.seed is not None:
        headers["ETag"] = caching.etag(model, first, query.n, query.class_, query.truncation, spec)
        headers["Cache-Control"] = _cache_control(request, bool(state.settings.api_keys))
        if caching.not_modified(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    resolved = [resolver.seed(first + index) for index in range(query.n)]
    response = await _generation.respond(request, state, model, resolver, resolved, spec)
    response.headers.update(headers)
    return response


def _cache_control(request: Request, has_keys: bool) -> str:
    """A pinned version's image never changes; the newest version's may change with the next version.

    If clients need keys, only their own caches may store what they received.
    """
    who = "private" if has_keys else "public"
    is_pinned = "@" in request.path_params["model"]
    return f"{who}, max-age=31536000, immutable" if is_pinned else f"{who}, max-age=60"
