"""Reading what clients send: JSON bodies and pictures, under limits that hold while the bytes come in.

All dependencies are coroutines, also where nothing is awaited: FastAPI would send a plain function to a worker thread,
which costs more than the function.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from service.errors import ClientLeft, Invalid, TooLarge
from service.http import problems
from service.http.request import multipart
from service.http.state import StateDependency
from service.telemetry.timing import PhaseTimer

Body = TypeVar("Body", bound=BaseModel)


async def limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body's chunks, refused as soon as they are too many, whatever Content-Length says.

    Raises:
        Invalid: the body is compressed.
        TooLarge: more bytes than the limit.
        ClientLeft: nobody is there to send the rest.
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


def json_body(schema: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that reads a JSON body of one schema.

    Parsed by pydantic from the bytes, not by `json.loads`: nesting is bounded, and types are strict as in JSON.
    """

    async def read(request: Request, state: StateDependency) -> Body:
        raw = b"".join([chunk async for chunk in limited(request, state.settings.max_body_bytes)])
        request.state.timer = PhaseTimer()
        try:
            return schema.model_validate_json(raw)
        except ValidationError as error:
            raise problems.invalid(error) from error

    return read


def json_body_page(schema: type[BaseModel]) -> dict[str, Any]:
    """The same body for the OpenAPI page, whose components `app` adds."""
    reference = {"$ref": f"#/components/schemas/{schema.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


async def pictures(request: Request, state: StateDependency) -> AsyncGenerator[list[bytes], None]:
    """Uploaded pictures: the multipart fields `image`, or any other body as it is; held until the route is done."""
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
            raws = await multipart.pictures(request.headers, stream, settings.max_images, settings.max_upload_bytes)
        else:
            raws = [b"".join([chunk async for chunk in counted(settings.max_upload_bytes)])]
        request.state.timer = PhaseTimer()
        yield raws
    finally:
        state.uploads.give(taken)


UploadedPictures = Annotated[list[bytes], Depends(pictures, scope="function")]


async def _picture(raws: UploadedPictures) -> bytes:
    if len(raws) > 1:
        raise Invalid(f"{len(raws)} pictures were sent, but this call takes one")
    return raws[0]


UploadedPicture = Annotated[bytes, Depends(_picture)]


def picture_page(many: bool = False) -> dict[str, Any]:
    """An uploaded picture, or several, for the OpenAPI page."""
    binary = {"type": "string", "format": "binary"}
    image = {"type": "array", "items": binary, "minItems": 1} if many else binary
    form = {"type": "object", "required": ["image"], "additionalProperties": False, "properties": {"image": image}}
    about = "A PNG, JPEG or WebP picture, raw or as the multipart field `image`"
    return {
        "requestBody": {
            "required": True,
            "description": about + ("; several fields for several pictures." if many else "."),
            "content": {"multipart/form-data": {"schema": form}}
            | {f"image/{kind}": {"schema": binary} for kind in ("png", "jpeg", "webp")},
        }
    }
