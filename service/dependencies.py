"""What routes ask for by type: the model that a path names, a checked body, an uploaded picture.

Each either gives a value or raises a domain error. All are coroutines, also where nothing is awaited: FastAPI would
send a plain function to a worker thread, which costs more than the function.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from service import problems, schemas
from service.answers import Clock
from service.errors import Draining, GanvasError, Invalid, Malformed, NotReady, NotSupported, TooLarge, Unavailable
from service.metrics import Metrics
from service.package import LoadedModel
from service.repository import Repository
from service.settings import Settings

T = TypeVar("T")
Body = TypeVar("Body", bound=BaseModel)

_GONE = "the client has gone"


@dataclass
class Services:
    """What one application is made of.

    Attributes:
        draining: set when the service is told to stop; readiness fails from then on.
        closing: set when the port is closed; new work is refused from then on.
        upload_bytes: bytes of uploads that are held at present.
        opening: the scan of the models folder, once the lifespan has started it.
    """

    settings: Settings
    repository: Repository
    metrics: Metrics
    draining: bool = False
    closing: bool = False
    upload_bytes: int = 0
    opening: "asyncio.Task[None] | None" = None


async def services(request: Request) -> Services:
    """The application's parts."""
    parts: Services = request.app.state.services
    return parts


ServicesDependency = Annotated[Services, Depends(services)]


async def _found(
    parts: ServicesDependency,
    model: Annotated[
        str,
        Path(description="`name` for its newest version, or `name@version`.", examples=["mnist-gan"]),
    ],
) -> LoadedModel:
    if parts.closing:
        raise Draining("the service is stopping; send the request again, it will reach another copy")
    try:
        return parts.repository.find(model)
    except GanvasError:
        if not parts.repository.is_scanned:
            raise NotReady("the models are still being opened") from None
        raise


AnyModel = Annotated[LoadedModel, Depends(_found)]


async def _generator(model: AnyModel) -> LoadedModel:
    if model.manifest.task != "generate":
        raise NotSupported(f"{model.name} translates pictures; it does not draw from latents")
    return model


GeneratorModel = Annotated[LoadedModel, Depends(_generator)]


async def _discriminating(model: AnyModel) -> LoadedModel:
    if model.discriminator is None:
        raise NotSupported(f"{model.name} has no discriminator")
    return model


DiscriminatorModel = Annotated[LoadedModel, Depends(_discriminating)]


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
        Unavailable: the client has gone; nobody will read the answer.
    """
    task = asyncio.ensure_future(work)
    watcher = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((task, watcher), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Unavailable(_GONE)
        return task.result()
    finally:
        watcher.cancel()
        task.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _limited(request: Request, limit: int, parts: Services | None = None) -> AsyncGenerator[bytes, None]:
    """The body's chunks, refused as soon as they are too many, whatever Content-Length says.

    Args:
        request: whose body has not been read.
        limit: bytes of the body at most.
        parts: where the bytes of uploads are counted, if they are.
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
            if parts is not None:
                parts.upload_bytes += len(chunk)
                if parts.upload_bytes > parts.settings.max_uploads_bytes:
                    raise Unavailable("too many uploads are being read at present")
            if total > limit:
                raise TooLarge(f"the body is larger than {limit} bytes")
            yield chunk
    except ClientDisconnect as error:
        raise Unavailable(_GONE) from error
    finally:
        if parts is not None:
            parts.upload_bytes -= total


def json_body(schema: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that reads a JSON body of one schema.

    Parsed by pydantic from the bytes, not by `json.loads`: nesting is bounded, and types are strict as in JSON.
    """

    async def read(request: Request, parts: ServicesDependency) -> Body:
        raw = b"".join([chunk async for chunk in _limited(request, parts.settings.max_body_bytes)])
        request.state.clock = Clock()
        try:
            return schema.model_validate_json(raw)
        except ValidationError as error:
            raise problems.invalid(error) from error

    return read


def json_body_page(schema: type[BaseModel]) -> dict[str, Any]:
    """The same body for the OpenAPI page, whose components `app` adds."""
    reference = {"$ref": f"#/components/schemas/{schema.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference}}}}


async def _picture(request: Request, parts: ServicesDependency) -> bytes:
    """One uploaded picture: the multipart field `image`, or any other body as it is."""
    limit = parts.settings.max_upload_bytes
    kind = request.headers.get("content-type", "")
    if kind.split(";")[0].strip().lower() != "multipart/form-data":
        raw = b"".join([chunk async for chunk in _limited(request, limit, parts)])
    else:
        raw = await _multipart_picture(request, limit, parts)
    request.state.clock = Clock()
    return raw


UploadedPicture = Annotated[bytes, Depends(_picture)]

PICTURE_PAGE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A PNG, JPEG or WebP picture, raw or as the multipart field `image`.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "additionalProperties": False,
                    "properties": {"image": {"type": "string", "format": "binary"}},
                }
            },
            "image/png": {"schema": {"type": "string", "format": "binary"}},
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
            "image/webp": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_FRAMING_BYTES = 65_536  # boundaries and headers around the one part
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|\Z)', re.IGNORECASE)  # RFC 2046


class _PictureParser(MultiPartParser):
    """Reads one file and at most one field, and knows whether the last boundary came."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None]) -> None:
        super().__init__(headers, stream, max_files=1, max_fields=1, max_part_size=1024)
        self.is_whole = False

    def on_end(self) -> None:
        self.is_whole = True

    async def close(self) -> None:
        """Closes the file of a part that was cut off, which the parser leaves open."""
        if self._current_part.file is not None:
            await self._current_part.file.close()


async def _multipart_picture(request: Request, limit: int, parts: Services) -> bytes:
    boundary = _BOUNDARY.search(request.headers.get("content-type", ""))
    if boundary is None:
        raise Malformed("multipart/form-data needs a boundary of 1 to 70 characters")
    # Nothing but the boundary is passed on: a charset of the client's would be looked up, and kept, as a codec.
    headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary[1] or boundary[2]}"'})
    parser = _PictureParser(headers, _limited(request, limit + _FRAMING_BYTES, parts))
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Malformed(f"the multipart body does not parse: {error.message[:200]}") from error
    if not parser.is_whole:
        await parser.close()
        raise Malformed("the multipart body ends before its last boundary")
    try:
        fields = list(form.multi_items())
        if [name for name, _ in fields] != ["image"] or not isinstance(fields[0][1], UploadFile):
            raise Invalid("send exactly one multipart field, named image, with a file")
        upload = fields[0][1]
        if (upload.size or 0) > limit:
            raise TooLarge(f"the picture is larger than {limit} bytes")
        return await upload.read()
    finally:
        await form.close()
