"""Server-sent events, read from lines (WHATWG HTML, section 9.2), and what a walk's mean. Knows no client."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from ganvas_client import errors
from ganvas_client.results import Frame


@dataclass
class Frames:
    """Turns the lines of a walk's answer into frames.

    Attributes:
        model: `name@version` that draws them.
        is_done: whether the last one has come.
    """

    model: str
    is_done: bool = False
    _event: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> Frame | None:
        """Takes a line without its end; gives a frame where it completes one.

        Raises:
            ProblemError: the service could not go on.
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
        return self._understood(event, data)

    def end(self) -> None:
        """Checks that the walk was whole.

        Raises:
            ConnectionFailed: it broke off.
        """
        if not self.is_done:
            raise errors.ConnectionFailed("the frames broke off before the last one")

    def _understood(self, event: str, data: str) -> Frame | None:
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
