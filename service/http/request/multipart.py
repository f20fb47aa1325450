"""Images from a multipart body. The stream that it reads is limited already."""

import re
from collections.abc import AsyncGenerator, Mapping

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from service.errors import Invalid, Malformed, TooLarge, Unavailable

FRAMING_BYTES = 65_536
"""Limit of the boundaries and headers around the parts."""

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"\\]{1,70})"|([^\s;"]{1,70}))\s*(?:;|\Z)', re.IGNORECASE)  # RFC 2046


class _ImageParser(MultiPartParser):
    """Reads files and at most one field, and records whether the last boundary arrived."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], max_files: int) -> None:
        super().__init__(headers, stream, max_files=max_files, max_fields=1, max_part_size=1024)
        self.is_whole = False

    def on_end(self) -> None:
        self.is_whole = True

    async def close(self) -> None:
        """Close the file of a truncated part, which the parser leaves open."""
        if self._current_part.file is not None:
            await self._current_part.file.close()


def is_multipart(headers: Mapping[str, str]) -> bool:
    """Whether the headers announce a form with files."""
    return headers.get("content-type", "").split(";")[0].strip().lower() == "multipart/form-data"


async def images(
    headers: Mapping[str, str], stream: AsyncGenerator[bytes, None], max_count: int, max_bytes: int
) -> list[bytes]:
    """The bytes of each field `image`, in their order.

    Args:
        headers: of the request.
        stream: of the request's body.
        max_count: images at most.
        max_bytes: bytes of one image at most.

    Raises:
        Malformed: no boundary, a body that does not parse or ends too early, or too many parts.
        Invalid: other fields than files named image.
        TooLarge: an image is larger than `max_bytes`.
        Unavailable: the disk is full.
    """
    boundary = _BOUNDARY.search(headers.get("content-type", ""))
    if boundary is None:
        raise Malformed("multipart/form-data needs a boundary of 1 to 70 characters")
    # Only the boundary is passed on: Python would look up a charset of the client's as a codec, and cache it.
    form_headers = Headers({"content-type": f'multipart/form-data; boundary="{boundary[1] or boundary[2]}"'})
    parser = _ImageParser(form_headers, stream, max_count)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Malformed(f"the multipart body does not parse: {error.message[:200]}") from error
    except OSError as error:  # parts of more than 1 MiB are stored in a temporary file
        raise Unavailable("there is no room for the upload at present") from error
    if not parser.is_whole:
        await parser.close()
        raise Malformed("the multipart body ends before its last boundary")
    try:
        return await _read(form, max_bytes)
    finally:
        await form.close()


async def _read(form: FormData, max_bytes: int) -> list[bytes]:
    fields = list(form.multi_items())
    if not fields or not all(name == "image" and isinstance(value, UploadFile) for name, value in fields):
        raise Invalid("send multipart fields named image, each with a file, and no others")
    uploads = [value for _, value in fields if isinstance(value, UploadFile)]
    if any((upload.size or 0) > max_bytes for upload in uploads):
        raise TooLarge(f"the image is larger than {max_bytes} bytes")
    return [await upload.read() for upload in uploads]
