"""Real or fake: what the discriminator says of a picture."""

import asyncio
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from service import images, problems, schemas
from service.answers import Clock
from service.bodies import UploadedPicture, picture_page
from service.dependencies import DiscriminatorModel, while_connected
from service.drawing import Drawing, class_in_query
from service.errors import Invalid, NotAcceptable, NotAnImage, Unavailable
from service.parts import ServicesDependency
from service.routes.generation import FAILURES

router = APIRouter(prefix="/v1/models/{model}", tags=["discriminate"])


@router.post(
    "/discriminate",
    summary="How real a picture is",
    responses=problems.responses(*(kind for kind in FAILURES if kind is not NotAcceptable), NotAnImage, Unavailable),
    openapi_extra=picture_page(),
)
async def discriminate(
    request: Request,
    response: Response,
    parts: ServicesDependency,
    model: DiscriminatorModel,
    query: Annotated[schemas.DiscriminateQuery, Query()],
    raw: UploadedPicture,
) -> schemas.Judgement:
    """The discriminator's logit, or the critic's score, of a picture of any size."""
    clock: Clock = request.state.clock
    about = model.manifest
    fed = _classes(Drawing(about), class_in_query(about, query.class_))
    size = about.image
    with clock.phase("decode"):
        pixels = await asyncio.to_thread(images.decode, raw, parts.settings.max_image_pixels)
        fitted = await asyncio.to_thread(images.fit, pixels, size.height, size.width, size.channels)
    fed["images"] = images.to_float32(fitted[None])
    assert model.discriminator is not None
    work = clock.inference(model.discriminator.submit(fed, request.state.deadline))
    result = await while_connected(request, work)
    parts.metrics.phases(model.name, clock.phases)
    score = float(result.output[0, 0])
    response.headers["X-Model"] = model.name
    response.headers["Server-Timing"] = clock.header()
    is_logit = about.networks["discriminator"].outputs[0].name == "logits"
    return schemas.Judgement(model=model.name, score=score, probability=_sigmoid(score) if is_logit else None)


def _classes(drawing: Drawing, class_: schemas.ClassReference | None) -> dict[str, images.Floats]:
    """The class that the picture claims, as a conditional discriminator's second input."""
    if class_ is not None:
        return {"classes": drawing.blend_of(class_)[None]}
    if drawing.manifest.classes:
        raise Invalid(f"model {drawing.manifest.name} judges a picture of a class: give class")
    return {}


def _sigmoid(logit: float) -> float:
    return float(0.5 * (1.0 + np.tanh(0.5 * logit)))  # this form does not overflow
