"""The peers, and the request with which each is asked for the same picture."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.benchmark.asks import Ask

_GET = Ask("/draw?seed={seed}")


def _post_jpeg(jpeg: bytes) -> Ask:
    return Ask("/translate", "POST", {"Content-Type": "image/jpeg"}, jpeg)


@dataclass(frozen=True)
class Peer:
    """What a user would pick instead.

    Attributes:
        name: in tables and options.
        module: in `tests.benchmark.peers`.
        draw: asks for the picture of a seed.
        translate: asks for the translation of a JPEG.
        own_environment: whether it has one; else it runs in this project's.
        python: the interpreter that it needs, where it needs a certain one.
        note: how its requests differ from the service's, where they do.
    """

    name: str
    module: str
    draw: Ask = _GET
    translate: Callable[[bytes], Ask] = _post_jpeg
    own_environment: bool = True
    python: str | None = None
    note: str = ""


_ALL = (Peer("fastapi", "fastapi_app", own_environment=False),)
PEERS = {peer.name: peer for peer in _ALL}
