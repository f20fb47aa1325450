"""Parser for the server-sent events of an interpolation (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from ganvas_client import errors
from ganvas_client.results import Frame


@dataclass
class Frames:
    """Parses the lines of an event stream into frames.

    Attributes:
        model: `name@version`.
        is_done: whether the final event has arrived.
    """

    model: str
    is_done: bool = False
    _event: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> Frame | None:
        """Parses a line without its line ending; returns a frame if the line completes one.

        Raises:
            ProblemError: the service reported an error in the stream.
        """
        if line:
            name, _, value = line.partition(":")
            if name == "event":
                self._event = value.removeprefix(" ")
            elif name == "data":
                self._data.append(value.removeprefix(" "))
            return None
        event, data = self._event, "\n".join(self._data)
        self._event, self._data = "", []
        return self._parsed(event, data)

    def end(self) -> None:
        """Checks that the stream is complete.

        Raises:
            ConnectionFailed: the stream ended early.
        """
        if not self.is_done:
            raise errors.ConnectionFailed("the stream ended before the last frame")

    def _parsed(self, event: str, data: str) -> Frame | None:
        if event == "error":
            document = json.loads(data)
            raise errors.of_document(document, document["status"])
        if event == "done":
            self.is_done = True
        if event != "frame":
            return None
        fields = json.loads(data)
        content = base64.b64decode(fields["data"])
        return Frame(content, fields["content_type"], self.model, (), fields["index"], fields["of"])
