"""The image of a file of this service, generated again from its metadata."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.errors import Draining, ModelNotFound, NotAnImage, NotSupported, Unavailable
from service.http import openapi, schemas
from service.http.request import negotiation
from service.http.request.body import UploadedImage
from service.http.request.dependencies import lease
from service.http.routes import _generation
from service.http.state import StateDependency
from service.imaging import codecs, formats
from service.imaging.pixels import square_columns
from service.pipelines import output, provenance
from service.pipelines.output import Animation
from service.pipelines.resolve import LatentResolver

router = APIRouter(prefix="/v1", tags=["generate"])
_FAILURES = tuple(kind for kind in _generation.FAILURES if kind is not ModelNotFound)


@router.post(
    "/reproduce",
    summary="A file of this service, generated again",
    response_class=Response,
    responses={
        **openapi.image_responses(formats.FRAMES),
        **openapi.error_responses(*_FAILURES, NotAnImage, Unavailable),
    },
    openapi_extra=openapi.image_body(),
)
async def reproduce(
    request: Request,
    state: StateDependency,
    query: Annotated[schemas.FormatQuery, Query()],
    raw: UploadedImage,
) -> Response:
    """Read a file's metadata, not its pixels, and generate the same pixels again; by default in the file's format."""
    if state.closing:
        raise Draining("the service is stopping; send the request again, it will reach another replica")
    text, own = codecs.describe(raw, state.settings.max_image_pixels)
    found = provenance.parse(text)
    offered: tuple[str, ...] = formats.FRAMES if found.animation else formats.IMAGES
    if own in offered:
        offered = (own, *(form for form in offered if form != own))
    form = negotiation.choose(query.format, request.headers.getlist("accept"), offered)
    model = state.repository.find_digest(found.model)
    if model is None or model.manifest.task != "generate":
        raise NotSupported(f"the model that generated this, with digest {found.model[:12]}..., is not served")
    await lease(request, state, model)
    count = len(found.latents)
    if found.animation is None:
        _generation.check_count(count, state)
    resolver = LatentResolver(model.manifest, truncation=found.truncation)
    points = [resolver.latent(latent) for latent in found.latents]
    columns = output.grid_columns(count, found.columns, square_columns(count))
    animation = None if found.animation is None else Animation(found.animation.fps, found.animation.loop)
    spec = _generation.output_spec(state, model, resolver, form, columns, animation)
    return await _generation.respond(request, state, model, resolver, points, spec)
