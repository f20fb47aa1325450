"""uvicorn's HTTP protocol, with limits of time and size below the application, and errors as problem documents.

Limits: duration and size of a request's headers, bytes of a body that are discarded after the response, and the time
for which a client may leave a response unread.
"""

import asyncio
import json
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MAX_HEAD_BYTES = 65_536
_MAX_DISCARDED_BYTES = 16 * 2**20
LINGER_S = 5.0
_TIMERS = ("head", "linger", "write")


class ProblemProtocol(HttpToolsProtocol):
    """Responds to malformed HTTP with a problem document, and closes the connections of slow clients."""

    def __init__(
        self,
        *args: Any,
        header_timeout_s: float = 10.0,
        write_timeout_s: float = 30.0,
        linger_s: float = LINGER_S,
        **kwargs: Any,
    ) -> None:
        """Create the protocol of one connection.

        Args:
            *args: uvicorn's.
            header_timeout_s: from a request's first byte (or the start of the connection) to the end of its headers.
            write_timeout_s: for which a client may read nothing of a response.
            linger_s: for which the rest of a body may arrive after the response.
            **kwargs: uvicorn's.
        """
        super().__init__(*args, **kwargs)
        self._header_timeout_s, self._write_timeout_s = header_timeout_s, write_timeout_s
        self._linger_s = linger_s
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._in_head, self._in_body = True, False
        self._head_bytes = self._discarded_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the timeout of the headers."""
        super().connection_made(transport)
        self._start("head", self._header_timeout_s, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        for name in _TIMERS:
            self._stop(name)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count the bytes of the headers."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > _MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response(f"the headers are larger than {_MAX_HEAD_BYTES} bytes")

    def on_message_begin(self) -> None:
        """A request's first byte has arrived."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 1
        self._start("head", self._header_timeout_s, self._late)

    def on_headers_complete(self) -> None:
        """The headers are complete."""
        self._stop("head")
        self._in_head, self._in_body, self._discarded_bytes = False, True, 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Discard what arrives after the response, up to a limit."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._discarded_bytes += len(body)
            if self._discarded_bytes > _MAX_DISCARDED_BYTES:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The body is complete."""
        self._in_body = False
        self._stop("linger")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The response has been written; the rest of the body may arrive for a few more seconds."""
        super().on_response_complete()
        if self._in_body and self.cycle.response_complete:
            self._start("linger", self._linger_s, self.transport.close)

    def pause_writing(self) -> None:
        """The client has stopped reading."""
        super().pause_writing()
        self._start("write", self._write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self._stop("write")

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if the client leaves the end of its last response unread."""
        super().timeout_keep_alive_handler()
        self._start("write", self._write_timeout_s, self.transport.abort)

    def _late(self) -> None:
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self.send_400_response(f"the headers did not come within {self._header_timeout_s:g} s")
        else:
            self.transport.close()

    def _start(self, name: str, seconds: float, then: Any) -> None:
        self._stop(name)
        self._timers[name] = self.loop.call_later(seconds, then)

    def _stop(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    def send_400_response(self, msg: str) -> None:
        """Report the error and close the connection."""
        reason = msg.rstrip(".")
        body = {
            "type": "urn:ganvas:problem:malformed",
            "title": "Malformed request",
            "status": 400,
            "detail": f"the request does not parse as HTTP/1.1: {reason[:1].lower()}{reason[1:]}",
            "instance": "",
        }
        raw = json.dumps(body).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(raw)}\r\nx-request-id: {uuid.uuid4().hex}\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + raw)
        self.transport.close()
