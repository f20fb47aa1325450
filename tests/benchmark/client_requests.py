"""What a load consists of, and what came of it. Knows neither how it is made nor who answers."""

from collections.abc import Callable
from dataclasses import dataclass, field

SEED = "{seed}"
"""Stands in a path or a body for the number of the request."""


def as_it_is(body: bytes) -> bytes:
    """The image of an answer that is nothing but the image."""
    return body


@dataclass(frozen=True)
class ClientRequest:
    """A request that is made again and again, with another seed each time if it names one.

    Attributes:
        path: with its query.
        method: of HTTP.
        headers: beside Host and Content-Length.
        body: raw bytes, or text that names the seed.
        image: finds the image in the answer's body.
    """

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    image: Callable[[bytes], bytes] = as_it_is

    def encode(self, seed: int) -> bytes:
        """The request's bytes."""
        number = str(seed)
        body = self.body.replace(SEED.encode(), number.encode())
        headers = {"Host": "localhost", **self.headers} | ({"Content-Length": str(len(body))} if body else {})
        lines = [f"{self.method} {self.path.replace(SEED, number)} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True)
class Load:
    """What came of a load.

    Attributes:
        rate: good answers a second.
        p50_ms: median latency.
        p99_ms: latency that 99 of 100 answers stayed below.
        failures: answers other than 200, and connections that broke.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    failures: int
