"""Real or fake: the discriminator's logit of an image."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from service.errors import Invalid
from service.http import openapi, schemas
from service.http.request.body import UploadedImage
from service.http.request.dependencies import DiscriminatorModel
from service.http.routes import _upload
from service.http.state import StateDependency
from service.imaging.pixels import Floats
from service.pipelines.resolve import LatentResolver, class_in_query

router = APIRouter(prefix="/v1/models/{model}", tags=["discriminate"])


@router.post(
    "/discriminate",
    summary="How real an image is",
    responses=openapi.error_responses(*_upload.FAILURES),
    openapi_extra=openapi.image_body(),
)
async def discriminate(
    request: Request,
    response: Response,
    state: StateDependency,
    model: DiscriminatorModel,
    query: Annotated[schemas.DiscriminateQuery, Query()],
    raw: UploadedImage,
) -> schemas.Discrimination:
    """The discriminator's logit, or the critic's score, of an image of any size."""
    about = model.manifest
    classes = _classes(LatentResolver(about), class_in_query(about, query.class_))
    assert model.discriminator is not None
    output = await _upload.infer(request, response, state, model, model.discriminator, raw, classes)
    score = float(output[0, 0])
    is_logit = about.networks["discriminator"].outputs[0].name == "logits"
    return schemas.Discrimination(model=model.name, score=score, probability=_sigmoid(score) if is_logit else None)


def _classes(resolver: LatentResolver, class_: schemas.ClassReference | None) -> dict[str, Floats]:
    """The claimed class, as a conditional discriminator's second input."""
    if class_ is not None:
        return {"classes": resolver.blend_of(class_)[None]}
    if resolver.manifest.classes:
        raise Invalid(f"model {resolver.manifest.name} has a class-conditional discriminator: give class")
    return {}


def _sigmoid(logit: float) -> float:
    return float(0.5 * (1.0 + np.tanh(0.5 * logit)))  # this form does not overflow
