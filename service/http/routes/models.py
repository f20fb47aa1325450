"""The served models: cards, manifests, previews."""

from fastapi import APIRouter, Request, Response

from service.errors import Draining, Invalid, ModelNotFound, NotReady
from service.http import openapi, schemas
from service.http.request.dependencies import AnyModel, NoQuery
from service.http.response.caching import not_modified
from service.http.state import StateDependency
from service.repository.loaded_model import LoadedModel

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.head("", include_in_schema=False)
@router.get("", summary="The served models", responses=openapi.error_responses(Invalid))
async def list_models(state: StateDependency, _: NoQuery) -> schemas.ModelList:
    """One card per served version, and every package that was skipped, with the reason."""
    skipped = [schemas.SkippedPackage(**vars(package)) for package in state.repository.skipped]
    return schemas.ModelList(models=[card(model) for model in state.repository], skipped=skipped)


@router.head("/{model}", include_in_schema=False)
@router.get(
    "/{model}",
    summary="One model, with its manifest",
    responses=openapi.error_responses(ModelNotFound, Invalid, NotReady, Draining),
)
async def show_model(model: AnyModel, _: NoQuery) -> schemas.ManifestCard:
    """One model's card and its whole manifest."""
    return schemas.ManifestCard(**card(model).model_dump(), manifest=model.manifest.model_dump(mode="json"))


@router.head("/{model}/preview", include_in_schema=False)
@router.get(
    "/{model}/preview",
    summary="A model's preview image",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "The image has not changed."},
        **openapi.error_responses(ModelNotFound, Invalid, NotReady, Draining),
    },
)
async def preview(request: Request, model: AnyModel, _: NoQuery) -> Response:
    """The package's preview image."""
    headers = {"ETag": f'"{model.manifest.digest[:32]}-preview"', "Cache-Control": "public, max-age=60"}
    if not_modified(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(model.preview, headers=headers | {"X-Model": model.name}, media_type="image/png")


def card(model: LoadedModel) -> schemas.Card:
    """The card of a model."""
    about = model.manifest
    common = {
        "name": about.name,
        "version": about.version,
        "task": about.task,
        "method": about.method,
        "description": about.description,
        "digest": about.digest,
        "engine": model.engine,
        "precision": model.precision,
        "image": about.image.model_dump(),
        "latent": about.latent and about.latent.model_dump(),
        "classes": about.classes and list(about.classes),
        "directions": [direction.name for direction in about.directions],
        "networks": list(about.networks),
        "licence": about.licence,
        "data_terms": about.data.terms,
        "metrics": [metric.model_dump(mode="json") for metric in about.metrics],
    }
    if about.translation is None:
        return schemas.Card.model_validate(common)
    return schemas.TranslatorCard.model_validate(common | about.translation.model_dump())
