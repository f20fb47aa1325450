"""Read what clients send: JSON bodies and images, under limits that hold while the bytes arrive.

All dependencies are coroutines, even if they await nothing: FastAPI would send a plain function to a worker thread,
which takes longer than the function.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from service.errors import ClientLeft, Invalid, TooLarge
from service.http import problems
from service.http.request import multipart
from service.http.request.context import context_of
from service.http.state import AppState, StateDependency

Body = TypeVar("Body", bound=BaseModel)


async def limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body's chunks. The body is refused as soon as it exceeds the limit, whatever its Content-Length.

    Raises:
        Invalid: the body is compressed.
        TooLarge: more bytes than the limit.
        ClientLeft: the client disconnected.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Invalid("the body is compressed; send it without Content-Encoding")
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit):
        raise TooLarge(f"the body is larger than {limit} bytes")
    total = 0
    try:
        async for chunk in request.stream():
            total += len(chunk)
            if total > limit:
                raise TooLarge(f"the body is larger than {limit} bytes")
            yield chunk
    except ClientDisconnect as error:
        raise ClientLeft from error


async def read_json(request: Request, state: AppState, schema: type[Body]) -> Body:
    """A JSON body of one schema.

    Parsed by pydantic from the bytes, not by `json.loads`: nesting is bounded, and types are strict as in JSON.

    Raises:
        Invalid: the body is not JSON, or not of the schema; see also `limited`.
    """
    raw = b"".join([chunk async for chunk in limited(request, state.settings.max_body_bytes)])
    context_of(request).restart_timer()
    try:
        return schema.model_validate_json(raw)
    except ValidationError as error:
        raise problems.invalid(error) from error


def json_body(schema: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that reads a JSON body of one schema."""

    async def read(request: Request, state: StateDependency) -> Body:
        return await read_json(request, state, schema)

    return read


async def images(request: Request, state: StateDependency) -> AsyncGenerator[list[bytes], None]:
    """Uploaded images: the multipart fields `image`, or any other body as it is. Held until the route ends."""
    settings, taken = state.settings, 0

    async def counted(limit: int) -> AsyncGenerator[bytes, None]:
        nonlocal taken
        async for chunk in limited(request, limit):
            state.uploads.take(len(chunk))
            taken += len(chunk)
            yield chunk

    try:
        if multipart.is_multipart(request.headers):
            limit = min(settings.max_images * settings.max_upload_bytes, settings.max_uploads_bytes)
            stream = counted(limit + multipart.FRAMING_BYTES)
            raws = await multipart.images(request.headers, stream, settings.max_images, settings.max_upload_bytes)
        else:
            raws = [b"".join([chunk async for chunk in counted(settings.max_upload_bytes)])]
        context_of(request).restart_timer()
        yield raws
    finally:
        state.uploads.give(taken)


UploadedImages = Annotated[list[bytes], Depends(images, scope="function")]
uploaded_images = asynccontextmanager(images)


async def _image(raws: UploadedImages) -> bytes:
    if len(raws) > 1:
        raise Invalid(f"{len(raws)} images were sent, but this call takes one")
    return raws[0]


UploadedImage = Annotated[bytes, Depends(_image)]
