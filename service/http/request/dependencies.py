"""What routes ask for by type: the model that a path names, a checked query.

Each either gives a value or raises a domain error. All are coroutines, also where nothing is awaited: FastAPI would
send a plain function to a worker thread, which costs more than the function.
"""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query, Request

from service.errors import ClientLeft, Draining, GanvasError, Invalid, NotReady, NotSupported
from service.http import schemas
from service.http.state import AppState, StateDependency
from service.repository.loaded_model import LoadedModel

T = TypeVar("T")
_PATIENCE_S = 0.01


def resolve(state: AppState, reference: str) -> LoadedModel:
    """The model of `name` or `name@version`.

    Raises:
        ModelNotFound: it is not served.
        NotReady: it may be, once the models have been opened.
        Draining: the service is stopping.
    """
    if state.closing:
        raise Draining("the service is stopping; send the request again, it will reach another copy")
    try:
        return state.repository.find(reference)
    except GanvasError:
        if not state.repository.is_scanned:
            raise NotReady("the models are still being opened") from None
        raise


async def _found(
    state: StateDependency,
    model: Annotated[
        str,
        Path(description="`name` for its newest version, or `name@version`.", examples=["mnist-gan"]),
    ],
) -> LoadedModel:
    return resolve(state, model)


AnyModel = Annotated[LoadedModel, Depends(_found)]


async def lease(request: Request, state: AppState, model: LoadedModel) -> LoadedModel:
    """Keeps a model open until the answer's last byte has left; the middleware gives it back."""
    await state.repository.lease(model)
    request.state.leased.append(model)
    return model


async def generator(request: Request, state: StateDependency, model: AnyModel) -> LoadedModel:
    """A model that draws, leased.

    Raises:
        NotSupported: it translates.
    """
    if model.manifest.task != "generate":
        raise NotSupported(f"{model.name} translates pictures; it does not draw from latents")
    return await lease(request, state, model)


GeneratorModel = Annotated[LoadedModel, Depends(generator)]


async def translator(request: Request, state: StateDependency, model: AnyModel) -> LoadedModel:
    """A model that translates, leased.

    Raises:
        NotSupported: it draws.
    """
    if model.manifest.task != "translate":
        raise NotSupported(f"{model.name} draws from latents; it does not translate pictures")
    return await lease(request, state, model)


TranslatorModel = Annotated[LoadedModel, Depends(translator)]


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
    """Refuses a query parameter that is given twice: one of the two would be passed over in silence."""
    names = [name for name, _ in request.query_params.multi_items()]
    repeated = sorted({name[:80] for name in names if names.count(name) > 1}) if len(names) < 100 else ["too many"]
    if repeated:
        raise Invalid(f"query parameters are given more than once: {', '.join(repeated)}")


NoQuery = Annotated[schemas.NoQuery, Query()]
FormatQuery = Annotated[schemas.FormatQuery, Query()]


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Waits for work, and gives it up when the client goes away. The request's body must have been read.

    Raises:
        ClientLeft: nobody will read the answer.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    watcher: asyncio.Task[None] | None = None
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        is_gone = True
        task.cancel()

    def begin() -> None:
        nonlocal watcher
        watcher = loop.create_task(watch())

    # Most answers are there before it would pay to look.
    beginning = loop.call_later(_PATIENCE_S, begin)
    try:
        return await work
    except asyncio.CancelledError:
        # Who else cancelled it, the deadline or the server, has to see that; see asyncio.timeout, which does the same.
        if is_gone and task.uncancel() == 0:
            raise ClientLeft from None
        raise
    finally:
        beginning.cancel()
        if watcher is not None:
            watcher.cancel()
