"""Frames sent one by one as they become ready: as server-sent events, or as parts that replace each other.

References:
    WHATWG HTML, section 9.2 (server-sent events); RFC 2046, section 5.1 (multipart).
"""

import base64
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping

from service.errors import DeadlineExceeded, RequestError, Unavailable

BOUNDARY = "frame"
CONTENT_TYPES = {
    "stream": f"multipart/x-mixed-replace; boundary={BOUNDARY}",
    "events": "text/event-stream; charset=utf-8",
}
"""Content types by the format's name; see `formats.STREAMED_FRAMES`."""

_PNG = "image/png"
_log = logging.getLogger(__name__)


async def events(
    files: AsyncIterator[bytes], count: int, model: str, describe: Callable[[Exception], Mapping[str, object]]
) -> AsyncIterator[bytes]:
    """Files as server-sent events: `frame` each, then `done`; or `error` with a problem document.

    Args:
        files: PNG bytes.
        count: how many there will be.
        model: `name@version`.
        describe: a failure as a problem document.
    """
    index = 0
    try:
        async for file in files:
            data = base64.b64encode(file).decode()
            yield _event("frame", {"index": index, "of": count, "content_type": _PNG, "data": data})
            index += 1
    except Exception as error:  # the response has started: an event is the only way left to report it
        if not isinstance(error, RequestError | Unavailable | DeadlineExceeded):
            _log.exception("a stream failed")
        yield _event("error", describe(error))
    else:
        yield _event("done", {"model": model, "frames": index})


async def replacing_parts(files: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Files as the parts of multipart/x-mixed-replace; a failure ends the stream without its last boundary."""
    async for file in files:
        head = f"--{BOUNDARY}\r\nContent-Type: {_PNG}\r\nContent-Length: {len(file)}\r\n\r\n"
        yield head.encode() + file + b"\r\n"
    yield f"--{BOUNDARY}--\r\n".encode()


def _event(name: str, data: Mapping[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
