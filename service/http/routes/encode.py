"""Images to latents, by the package's encoder."""

from fastapi import APIRouter, Request, Response

from service.http import openapi, schemas
from service.http.request.body import UploadedImage
from service.http.request.dependencies import EncoderModel, NoQuery
from service.http.routes import _upload
from service.http.state import StateDependency
from service.pipelines import latents

router = APIRouter(prefix="/v1/models/{model}", tags=["generate"])


@router.post(
    "/encode",
    summary="The latent of an image",
    responses=openapi.error_responses(*_upload.FAILURES),
    openapi_extra=openapi.image_body(),
)
async def encode(
    request: Request,
    response: Response,
    state: StateDependency,
    model: EncoderModel,
    _: NoQuery,
    raw: UploadedImage,
) -> schemas.Encoding:
    """A latent that generates an image like this one; send its token to sample, interpolate or arithmetic."""
    encoder = model.encoder
    assert encoder is not None
    output = await _upload.infer(request, response, state, model, encoder, raw, {})
    token = latents.to_token(latents.finite(output.reshape(-1).astype(float)))
    return schemas.Encoding(model=model.name, latent=schemas.EncodedLatent(token=token))
