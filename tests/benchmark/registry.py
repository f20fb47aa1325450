"""The peers, and the request with which each is asked for the same image."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmark.client_requests import SEED, ClientRequest

_GET = ClientRequest(f"/generate?seed={SEED}")
_JSON = {"Content-Type": "application/json"}
_INFER = "/v2/models/network/infer"


def _post_jpeg(jpeg: bytes) -> ClientRequest:
    return ClientRequest("/translate", "POST", {"Content-Type": "image/jpeg"}, jpeg)


@dataclass(frozen=True)
class Peer:
    """What a user would pick instead.

    Attributes:
        name: in tables and options.
        module: in `tests.benchmark.peers`.
        generate: requests the image of a seed.
        translate: requests the translation of a JPEG.
        own_environment: whether it has one; else it runs in this project's.
        python: the interpreter that it needs, if it needs a certain one.
        environment: variables that it needs.
        note: how its requests differ from the service's, if they do.
    """

    name: str
    module: str
    generate: ClientRequest = _GET
    translate: Callable[[bytes], ClientRequest] = _post_jpeg
    own_environment: bool = True
    python: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def _post(path: str, given: Any, image: Callable[[bytes], bytes]) -> ClientRequest:
    """A request of JSON; the seed stands in it as a number."""
    return ClientRequest(path, "POST", _JSON, json.dumps(given).replace(f'"{SEED}"', SEED).encode(), image)


def _bento_image(body: bytes) -> bytes:
    return base64.b64decode(json.loads(body)[0])


def _bento_jpeg(jpeg: bytes) -> ClientRequest:
    return _post("/translate", {"jpegs": [base64.b64encode(jpeg).decode()]}, _bento_image)


def _tensor(kind: str, **more: Any) -> dict[str, Any]:
    """The input of one row, as the Open Inference Protocol has it."""
    return {"name": "asked", "shape": [1, 1], "datatype": kind, **more}


def _mlserver_image(body: bytes) -> bytes:
    return base64.b64decode(json.loads(body)["outputs"][0]["data"][0])


def _mlserver_jpeg(jpeg: bytes) -> ClientRequest:
    data = [base64.b64encode(jpeg).decode()]
    given = _tensor("BYTES", data=data, parameters={"content_type": "base64"})
    return _post(_INFER, {"inputs": [given]}, _mlserver_image)


_IN_BINARY = [{"name": "images", "parameters": {"binary_data": True}}]
_LENGTH_BYTES = 4


def _triton_image(body: bytes) -> bytes:
    """Behind the JSON, and behind its own length."""
    _, end = json.JSONDecoder().raw_decode(body.decode("latin-1"))
    return body[end + _LENGTH_BYTES :]


def _triton_jpeg(jpeg: bytes) -> ClientRequest:
    data = len(jpeg).to_bytes(_LENGTH_BYTES, "little") + jpeg
    given = _tensor("BYTES", parameters={"binary_data_size": len(data)})
    head = json.dumps({"inputs": [given], "outputs": _IN_BINARY}).encode()
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    return ClientRequest(_INFER, "POST", headers, head + data, _triton_image)


_SEED_TENSOR = _tensor("INT64", data=[SEED])
_ALL = (
    Peer("fastapi", "fastapi_app", own_environment=False),
    Peer(
        "litserve",
        "litserve_api",
        _post("/generate", {"seed": SEED}, lambda body: body),
        note="a POST with the seed as JSON; the PNG comes back as it is",
    ),
    Peer(
        "bentoml",
        "bentoml_service",
        _post("/generate", {"seeds": [SEED]}, _bento_image),
        _bento_jpeg,
        note="a POST of JSON, since an API that batches takes a list; images go both ways as base64",
    ),
    Peer("ray-serve", "ray_deployment", environment={"RAY_USAGE_STATS_ENABLED": "0"}),
    Peer(
        "mlserver",
        "mlserver_runtime",
        _post(_INFER, {"inputs": [_SEED_TENSOR]}, _mlserver_image),
        _mlserver_jpeg,
        note="a POST of its protocol, v2, in JSON; images go both ways as base64",
    ),
    Peer(
        "pytriton",
        "pytriton_binding",
        _post(_INFER, {"inputs": [_SEED_TENSOR], "outputs": _IN_BINARY}, _triton_image),
        _triton_jpeg,
        python="/usr/bin/python3.11",
        note="a POST of its protocol, v2; images go both ways as binary data",
    ),
)
PEERS = {peer.name: peer for peer in _ALL}
