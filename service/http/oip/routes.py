"""The Open Inference Protocol, version 2: a model is its package's main network, and its rows share the queue."""

import asyncio
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import ValidationError

from service import __version__
from service.errors import (
    DeadlineExceeded,
    Draining,
    EngineError,
    GanvasError,
    Invalid,
    Malformed,
    ModelNotFound,
    NotFinite,
    NotReady,
    QueueFull,
    TooLarge,
    Unavailable,
)
from service.http import openapi, problems
from service.http.oip import schemas, tensors
from service.http.request.body import limited
from service.http.request.context import context_of
from service.http.request.dependencies import NoQuery, lease, resolve
from service.http.request.disconnect import while_connected
from service.http.response import responses
from service.http.state import AppState, StateDependency
from service.imaging.pixels import Floats
from service.pipelines.generate import inferred
from service.repository.loaded_model import LoadedModel
from service.telemetry.timing import PhaseTimer

router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])
_HEADER = "Inference-Header-Content-Length"
_MODEL_ERRORS = (ModelNotFound, Invalid, NotReady, Draining)
_INFER_ERRORS = (*_MODEL_ERRORS, Malformed, TooLarge, QueueFull, Unavailable, DeadlineExceeded, EngineError)


def _errors(*kinds: type[GanvasError]) -> dict[int | str, dict[str, Any]]:
    return openapi.error_responses(*kinds, form=problems.OIP)


async def find_version(
    state: StateDependency,
    model: Annotated[str, Path(examples=["mnist-gan"])],
    version: Annotated[str, Path(examples=["1"])],
) -> LoadedModel:
    """The version that the path names; raises as `resolve` does."""
    return resolve(state, f"{model}@{version}")


async def find_model(state: StateDependency, model: Annotated[str, Path(examples=["mnist-gan"])]) -> LoadedModel:
    """The newest version of the model that the path names; raises as `resolve` does."""
    return resolve(state, model)


Pinned = Annotated[LoadedModel, Depends(find_version)]
Newest = Annotated[LoadedModel, Depends(find_model)]


@router.get("", summary="What this server is", responses=_errors(Invalid))
async def server(_: NoQuery) -> schemas.ServerMetadata:
    """Name, version and extensions."""
    extensions = ["binary_tensor_data", "model_repository"]
    return schemas.ServerMetadata(name="ganvas", version=__version__, extensions=extensions)


@router.get("/health/live", summary="Alive (v2)", responses=_errors(Invalid))
async def live(_: NoQuery) -> schemas.Liveness:
    """Succeeds while the process is alive."""
    return schemas.Liveness(live=True)


@router.get("/health/ready", summary="Ready (v2)", responses=_errors(Invalid, NotReady, Draining))
async def ready(state: StateDependency, _: NoQuery) -> schemas.Readiness:
    """As `/readyz`."""
    state.check_ready()
    return schemas.Readiness(ready=True)


@router.post("/repository/index", summary="Every version (v2)", responses=_errors(Invalid))
async def index(state: StateDependency, _: NoQuery) -> list[schemas.IndexEntry]:
    """Every version that is served, and every one that is skipped, with the reason. A body is ignored."""
    served = [
        schemas.IndexEntry(name=model.manifest.name, version=str(model.manifest.version), state="READY", reason="")
        for model in state.repository
    ]
    return served + [
        schemas.IndexEntry(name=item.name, version=item.version, state="UNAVAILABLE", reason=item.reason)
        for item in state.repository.skipped
    ]


@router.get("/models/{model}", summary="A model's tensors", responses=_errors(*_MODEL_ERRORS))
async def newest_metadata(state: StateDependency, model: Newest, _: NoQuery) -> schemas.ModelMetadata:
    """Inputs and output of the newest version."""
    return _metadata(state, model)


@router.get("/models/{model}/versions/{version}", summary="A version's tensors", responses=_errors(*_MODEL_ERRORS))
async def metadata(state: StateDependency, model: Pinned, _: NoQuery) -> schemas.ModelMetadata:
    """Inputs and output of one version."""
    return _metadata(state, model)


@router.get("/models/{model}/ready", summary="Whether a model is served", responses=_errors(*_MODEL_ERRORS))
async def newest_ready(model: Newest, _: NoQuery) -> schemas.Readiness:
    """Whether a version of it accepts requests."""
    return schemas.Readiness(ready=True)


@router.get(
    "/models/{model}/versions/{version}/ready", summary="Whether a version is served", responses=_errors(*_MODEL_ERRORS)
)
async def version_ready(model: Pinned, _: NoQuery) -> schemas.Readiness:
    """Whether this version accepts requests."""
    return schemas.Readiness(ready=True)


_INFER_PAGE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/InferRequest"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {
            "name": _HEADER,
            "in": "header",
            "required": False,
            "description": "Bytes of the JSON, if binary data follow it.",
            "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"},
        }
    ],
}
_INFER_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The network's output.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
# Two handlers, since their names are the operation IDs of the OpenAPI page; all that they share is declared once.
_INFER_ROUTE: dict[str, Any] = {
    "response_class": Response,
    "responses": {**_INFER_RESPONSE, **_errors(*_INFER_ERRORS)},
    "openapi_extra": _INFER_PAGE,
}


@router.post(
    "/models/{model}/infer",
    summary="Rows through a model's network",
    **_INFER_ROUTE,
)
async def newest_infer(request: Request, state: StateDependency, model: Newest, _: NoQuery) -> Response:
    """Run rows through the newest version's generator."""
    return await _infer(request, state, model)


@router.post(
    "/models/{model}/versions/{version}/infer",
    summary="Rows through a version's network",
    **_INFER_ROUTE,
)
async def infer(request: Request, state: StateDependency, model: Pinned, _: NoQuery) -> Response:
    """Run rows through one version's generator."""
    return await _infer(request, state, model)


def _metadata(state: AppState, model: LoadedModel) -> schemas.ModelMetadata:
    name = model.manifest.name
    inputs, output = tensors.shapes(model.manifest)
    return schemas.ModelMetadata(
        name=name,
        versions=[str(other.manifest.version) for other in state.repository if other.manifest.name == name],
        platform=model.engine_version.replace("-", "_", 1),
        inputs=[schemas.TensorMetadata(name=key, datatype="FP32", shape=shape) for key, shape in inputs.items()],
        outputs=[schemas.TensorMetadata(name=tensors.OUTPUT, datatype="FP32", shape=output)],
    )


async def _infer(request: Request, state: AppState, model: LoadedModel) -> Response:
    taken = 0
    try:
        chunks = []
        async for chunk in limited(request, state.settings.max_upload_bytes):
            state.uploads.take(len(chunk))
            taken += len(chunk)
            chunks.append(chunk)
        timer = PhaseTimer()
        with timer.phase("decode"):
            parsed, fed = await asyncio.to_thread(_read, request, b"".join(chunks), model)
        _check_rows(fed, model, state)
        binary = tensors.wants_binary(parsed)
        await lease(request, state, model)
        work = model.generator.submit(fed, context_of(request).deadline)
        output = await while_connected(request, inferred(work, timer))
        if not np.isfinite(output).all():
            raise NotFinite("the network's output is not finite: the values that it was given are too large")
        about = model.manifest
        with timer.phase("encode"):
            body, head = await asyncio.to_thread(tensors.encode, parsed, about.name, about.version, output, binary)
    finally:
        state.uploads.give(taken)
    state.metrics.phases(model.name, timer.phases)
    headers = {"X-Model": model.name, "Server-Timing": responses.server_timing(timer)}
    if head is None:
        return Response(body, 200, headers, "application/json")
    return Response(body, 200, headers | {_HEADER: str(head)}, "application/octet-stream")


def _read(request: Request, raw: bytes, model: LoadedModel) -> tuple[schemas.InferRequest, dict[str, Floats]]:
    wanted, _ = tensors.shapes(model.manifest)
    try:
        parsed, binary = tensors.parse(raw, request.headers.get(_HEADER))
    except ValidationError as error:
        raise problems.invalid(error) from error
    return parsed, tensors.arrays(parsed, binary, wanted)


def _check_rows(fed: dict[str, Floats], model: LoadedModel, state: AppState) -> None:
    """Refuse more rows, or larger images, than a request may send."""
    settings, rows = state.settings, len(next(iter(fed.values())))
    if rows > settings.max_images:
        raise Invalid(f"{rows} rows were sent, but a request may send {settings.max_images} at most")
    translation = model.manifest.translation
    if translation is None:
        return
    height, width = fed["images"].shape[2:]
    side, multiple = max(settings.tile_px, translation.multiple), translation.multiple
    if height % multiple or width % multiple:
        raise Invalid(f"both sides must be a multiple of {multiple} px, but they are {height} and {width}")
    if max(height, width) > side:
        raise TooLarge(f"a side has more than {side} px; send the image to /v1/models/{model.name}/translate")
