"""uvicorn's HTTP protocol, with problem documents where a request does not even parse."""

import json
import uuid

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class ProblemProtocol(HttpToolsProtocol):
    """Answers malformed HTTP as everything else is answered; the application never sees such a request."""

    def send_400_response(self, msg: str) -> None:
        """Says what was wrong and closes the connection."""
        body = {
            "type": "urn:ganvas:problem:malformed",
            "title": "Malformed request",
            "status": 400,
            "detail": f"the request does not parse as HTTP/1.1: {msg.rstrip('.').lower()}",
            "instance": "",
        }
        raw = json.dumps(body).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\n"
            f"content-length: {len(raw)}\r\nx-request-id: {uuid.uuid4().hex}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + raw)
        self.transport.close()
