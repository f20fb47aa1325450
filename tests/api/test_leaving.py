"""Clients that leave at any phase of any call: what they held is free again, and nobody else notices."""

import asyncio
import json
import socket
import struct
import time

import numpy as np
import pytest

from tests import builders
from tests.api.test_http import ask, connect, get
from tests.conftest import converse, listening

WALK = {"from": {"seed": 1}, "to": {"seed": 2}, "steps": 60}
TERMS = {"terms": [{"latents": [{"seed": 1}]}], "variations": 60}
ROWS = {"name": "latents", "shape": [60, 8], "datatype": "FP32", "data": [0.5] * 480}
CALLS = {
    "GET sample": ("GET", "/v1/models/slow/sample?seed=1&n=60", b""),
    "sample": ("POST", "/v1/models/slow/sample", json.dumps({"n": 60}).encode()),
    "interpolate": ("POST", "/v1/models/slow/interpolate", json.dumps(WALK).encode()),
    "arithmetic": ("POST", "/v1/models/slow/arithmetic", json.dumps(TERMS).encode()),
    "infer": ("POST", "/v2/models/slow/infer", json.dumps({"inputs": [ROWS]}).encode()),
    "generations": ("POST", "/v1/images/generations", json.dumps({"model": "slow", "n": 60}).encode()),
    "translate": ("POST", "/v1/models/stylish/translate", builders.image_file(1500, 1500)),
    "translate, resized": ("POST", "/v1/models/stylish/translate?fit=resize", builders.image_file(1500, 1500)),
}

MOST_DRAWN = 30
"""Batches of one picture or tile that may have been run before the service saw that the client had gone."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A generator that takes about 0.1 s a picture, and a translator."""
    made = tmp_path_factory.mktemp("models")
    builders.write_package(made, "slow", generator=builders.slow_graph(2500), discriminator=None)
    builders.write_translator(made, "stylish", builders.stylising_graph(64))
    return made


def until(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def held(client) -> dict[str, int]:
    """What requests hold at present."""
    state = client.app.state.ganvas
    return {
        "uploads": state.uploads.held,
        "pixels": state.pixels.held,
        "single_flight": len(state.single_flight._running),
        **{model.name: model.users for model in state.repository},
        **{f"{model.name} rows": model.generator.waiting_rows for model in state.repository},
    }


def batches(client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("ganvas_batch_rows_count"))


def lefts(client) -> float:
    """How many requests are counted as left by their clients."""
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if "request_seconds_count" in line and 'status="499"' in line)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("after_s", [0.0, 0.2])
def test_who_leaves_frees_all_that_was_held(folder, serve, call, after_s):
    method, path, body = CALLS[call]

    async def leave(app):
        async def at_last():
            yield {"type": "http.request", "body": body}
            await asyncio.sleep(after_s)
            yield {"type": "http.disconnect"}

        return await converse(app, method, path, at_last())

    with serve(folder, max_batch_size=1, tile_px=64) as client:
        client.portal.call(leave, client.app)
        until(lambda: not any(held(client).values()))
        drawn = batches(client)
        assert drawn < MOST_DRAWN  # of sixty pictures, or nearly a thousand tiles
        time.sleep(0.2)
        assert batches(client) <= drawn + 1  # what had begun already; nothing goes on for nobody
        assert client.get("/v1/models/slow/sample?seed=1").status_code == 200
        answer = client.post("/v1/models/stylish/translate", content=builders.image_file(40, 30))
        assert builders.pixels(answer.content).shape == (30, 40, 3)
        assert lefts(client) == 1 or call == "translate, resized"  # which may be done sooner
        assert 'status="5' not in client.get("/metrics").text


@pytest.mark.parametrize("call", ["sample", "infer", "translate", "generations"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_who_leaves_while_uploading_frees_what_was_read(folder, serve, call, share):
    method, path, body = CALLS[call]
    part = body[: int(len(body) * share)]
    messages = [{"type": "http.request", "body": part, "more_body": True}, {"type": "http.disconnect"}]
    with serve(folder, tile_px=64) as client:
        client.portal.call(converse, client.app, method, path, messages)
        assert not any(held(client).values())
        assert lefts(client) == 1
        assert client.get("/v1/models/slow/sample?seed=1").status_code == 200


@pytest.mark.parametrize("call", ["sample?seed=1&n=64&format=npy", "sample?seed=1&n=64&format=zip"])
def test_who_leaves_while_reading_does_no_harm(tmp_path, call):
    builders.write_package(tmp_path, "large", generator=builders.mlp_graph(side=256), discriminator=None)
    with listening(tmp_path) as port:
        for _ in range(5):
            with connect(port) as reader:
                reader.sendall(get(f"/v1/models/large/{call}"))
                assert reader.recv(1000).startswith(b"HTTP/1.1 200")
                # Reset at once, as when a machine dies.
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        _, headers, body = ask(port, get("/v1/models/large/sample?seed=1"))
        assert headers["content-type"] == "image/png"
        assert builders.pixels(body).shape == (256, 256)
        _, _, numbers = ask(port, get("/metrics"))
        assert b'status="500"' not in numbers


def test_a_neighbour_s_pictures_are_right_whoever_leaves(folder, serve):
    expected = {}

    async def scenario(app):
        async def leaving():
            yield {"type": "http.request", "body": json.dumps({"n": 8}).encode()}
            await asyncio.sleep(0.1)
            yield {"type": "http.disconnect"}

        gone = [asyncio.create_task(converse(app, "POST", "/v1/models/slow/sample", leaving())) for _ in range(3)]
        await asyncio.sleep(0.02)
        stay = [{"type": "http.request", "body": b""}]
        kept = [
            asyncio.create_task(converse(app, "GET", f"/v1/models/slow/sample?seed={seed}&format=npy", list(stay)))
            for seed in range(4)
        ]
        await asyncio.gather(*gone)
        return [await task for task in kept]

    with serve(folder, max_batch_size=4) as client:
        for seed in range(4):
            expected[seed] = client.get(f"/v1/models/slow/sample?seed={seed}&format=npy").content
        for seed, sent in enumerate(client.portal.call(scenario, client.app)):
            assert sent[0]["status"] == 200
            assert np.array_equal(np.frombuffer(sent[1]["body"], np.uint8), np.frombuffer(expected[seed], np.uint8))
