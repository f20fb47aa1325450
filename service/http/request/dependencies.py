"""What routes declare by type: the model that a path names, and a checked query.

Each dependency either returns a value or raises a domain error. All are coroutines, even if they await nothing: FastAPI
would send a plain function to a worker thread, which takes longer than the function.
"""

from typing import Annotated, TypeVar

import fastapi
from fastapi import Depends, Path, Request
from pydantic import BaseModel, ValidationError

from service.errors import Draining, GanvasError, Invalid, NotReady, NotSupported
from service.http import openapi, problems, schemas
from service.http.request.context import context_of
from service.http.state import AppState, StateDependency
from service.repository.loaded_model import LoadedModel
from service.repository.manifest import Task

Query = TypeVar("Query", bound=BaseModel)


def resolve(state: AppState, reference: str) -> LoadedModel:
    """The model of `name` or `name@version`.

    Raises:
        ModelNotFound: it is not served.
        NotReady: the models are still being opened.
        Draining: the service is stopping.
    """
    if state.closing:
        raise Draining("the service is stopping; send the request again, it will reach another replica")
    try:
        return state.repository.find(reference)
    except GanvasError:
        if not state.repository.is_scanned:
            raise NotReady("the models are still being opened") from None
        raise


async def find_model(
    state: StateDependency,
    model: Annotated[
        str,
        Path(description=openapi.MODEL_DESCRIPTION, examples=[openapi.MODEL_EXAMPLE]),
    ],
) -> LoadedModel:
    """The model that the path names; raises as `resolve` does."""
    return resolve(state, model)


AnyModel = Annotated[LoadedModel, Depends(find_model)]


async def lease(request: Request, state: AppState, model: LoadedModel) -> LoadedModel:
    """Keep a model open until the last byte of the response. The middleware releases it."""
    await state.repository.lease(model)
    context_of(request).leased.append(model)
    return model


_REFUSALS: dict[Task, str] = {
    "generate": "translates images; it does not generate them from latents",
    "translate": "generates images from latents; it does not translate them",
}


async def lease_for_task(request: Request, state: AppState, model: LoadedModel, task: Task) -> LoadedModel:
    """A model of this task, leased.

    Raises:
        NotSupported: the model has the other task.
    """
    if model.manifest.task != task:
        raise NotSupported(f"{model.name} {_REFUSALS[task]}")
    return await lease(request, state, model)


async def named_model(request: Request, state: AppState, task: Task) -> LoadedModel:
    """The model that the path of a direct route names, leased; raises as `resolve` and `lease_for_task` do."""
    return await lease_for_task(request, state, resolve(state, request.path_params["model"]), task)


async def generator(request: Request, state: StateDependency, model: AnyModel) -> LoadedModel:
    """A generator, leased; raises as `lease_for_task` does."""
    return await lease_for_task(request, state, model, "generate")


GeneratorModel = Annotated[LoadedModel, Depends(generator)]


async def _discriminating(request: Request, state: StateDependency, model: AnyModel) -> LoadedModel:
    if "discriminator" not in model.manifest.networks:
        raise NotSupported(f"{model.name} has no discriminator")
    return await lease(request, state, model)


DiscriminatorModel = Annotated[LoadedModel, Depends(_discriminating)]


async def _encoding(request: Request, state: StateDependency, model: AnyModel) -> LoadedModel:
    if "encoder" not in model.manifest.networks or model.manifest.latent is None:
        raise NotSupported(f"{model.name} has no encoder")
    return await lease(request, state, model)


EncoderModel = Annotated[LoadedModel, Depends(_encoding)]


async def no_repeated_query(request: Request) -> None:
    """Refuse a query parameter that is given twice: one of the two would be ignored silently.

    Raises:
        Invalid: a parameter is repeated.
    """
    names = [name for name, _ in request.query_params.multi_items()]
    repeated = sorted({name[:80] for name in names if names.count(name) > 1}) if len(names) < 100 else ["too many"]
    if repeated:
        raise Invalid(f"query parameters are given more than once: {', '.join(repeated)}")


NoQuery = Annotated[schemas.NoQuery, fastapi.Query()]
FormatQuery = Annotated[schemas.FormatQuery, fastapi.Query()]


def read_query(request: Request, schema: type[Query]) -> Query:
    """The query of a direct route.

    Raises:
        Invalid: a parameter is unknown or not valid.
    """
    try:
        return schema.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise problems.invalid(error, ("query",)) from error
