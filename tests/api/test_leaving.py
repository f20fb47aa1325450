"""Clients that disconnect at any phase of any call: what they held is freed, and no other client is affected."""

import asyncio
import json
import socket
import struct

import numpy as np
import pytest

from tests import builders
from tests.api.test_http import connect, get, send
from tests.conftest import converse, listening
from tests.waiting import async_wait_until, wait_until

INTERPOLATION = {"from": {"seed": 1}, "to": {"seed": 2}, "steps": 60}
TERMS = {"terms": [{"latents": [{"seed": 1}]}], "variations": 60}
ROWS = {"name": "latents", "shape": [60, 8], "datatype": "FP32", "data": [0.5] * 480}
CALLS = {
    "GET sample": ("GET", "/v1/models/slow/sample?seed=1&n=60", b""),
    "sample": ("POST", "/v1/models/slow/sample", json.dumps({"n": 60}).encode()),
    "interpolate": ("POST", "/v1/models/slow/interpolate", json.dumps(INTERPOLATION).encode()),
    "arithmetic": ("POST", "/v1/models/slow/arithmetic", json.dumps(TERMS).encode()),
    "infer": ("POST", "/v2/models/slow/infer", json.dumps({"inputs": [ROWS]}).encode()),
    "generations": ("POST", "/v1/images/generations", json.dumps({"model": "slow", "n": 60}).encode()),
    "translate": ("POST", "/v1/models/stylish/translate", builders.image_file(1500, 1500)),
    "translate, resized": ("POST", "/v1/models/stylish/translate?fit=resize", builders.image_file(1500, 1500)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A generator that takes about 20 ms per image, and a translator."""
    made = tmp_path_factory.mktemp("models")
    builders.write_package(made, "slow", generator=builders.slow_graph(500), discriminator=None)
    builders.write_translator(made, "stylish", builders.stylising_graph(64))
    return made


def held(client) -> dict[str, int]:
    """What requests hold at present, by kind."""
    state = client.app.state.ganvas
    return {
        "uploads": state.uploads.held,
        "pixels": state.pixels.held,
        "single_flight": len(state.single_flight._running),
        **{model.name: model.users for model in state.repository},
        **{f"{model.name} rows": model.generator.waiting_rows for model in state.repository},
    }


def lefts(client) -> float:
    """How many requests are counted as left by their clients."""
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if "request_seconds_count" in line and 'status="499"' in line)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("moment", ["at once", "in the first batch", "in the fourth batch"])
def test_who_leaves_frees_all_that_was_held(folder, serve, gate, call, moment):
    method, path, body = CALLS[call]
    n_run = 3 if moment == "in the fourth batch" and call != "translate, resized" else 0  # a resized one has no fourth

    async def leave(app):
        async def at_last():
            yield {"type": "http.request", "body": body}
            if moment != "at once":
                await async_wait_until(lambda: gate.running == 1 and gate.started == before + n_run + 1)
            yield {"type": "http.disconnect"}

        return await converse(app, method, path, at_last())

    with serve(folder, max_batch_size=1, tile_px=64, instances=1) as client, gate.closed():
        before = gate.started
        gate.permit(n_run)
        client.portal.call(leave, client.app)
        wait_until(lambda: not any(held(client).values()))
        gate.open()
        wait_until(lambda: gate.running == 0)
        # The queue keeps its order: rows of the client that left would run before these.
        assert client.get("/v1/models/slow/sample?seed=1").status_code == 200
        response = client.post("/v1/models/stylish/translate", content=builders.image_file(40, 30))
        assert builders.pixels(response.content).shape == (30, 40, 3)
        # Of sixty images, or nearly a thousand tiles; one may have been on its way to a thread when the client left.
        assert gate.started - before <= n_run + 1 + 2
        assert lefts(client) == 1
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
        _, headers, body = send(port, get("/v1/models/large/sample?seed=1"))
        assert headers["content-type"] == "image/png"
        assert builders.pixels(body).shape == (256, 256)
        _, _, numbers = send(port, get("/metrics"))
        assert b'status="500"' not in numbers


def test_a_neighbour_s_images_are_right_after_another_client_leaves(folder, serve, gate):
    def sample(seed):
        return f"/v1/models/slow/sample?seed={seed}&format=npy"

    async def scenario(app):
        model = app.state.ganvas.repository.find("slow")
        before, departure = gate.started_rows, asyncio.Event()

        async def leaving():
            yield {"type": "http.request", "body": json.dumps({"n": 8}).encode()}
            await departure.wait()
            yield {"type": "http.disconnect"}

        async def all_have_come(rows):
            await async_wait_until(lambda: gate.started_rows - before + model.generator.waiting_rows == rows)

        gone = [asyncio.create_task(converse(app, "POST", "/v1/models/slow/sample", leaving())) for _ in range(3)]
        await all_have_come(24)
        stay = [{"type": "http.request", "body": b""}]
        remaining = [asyncio.create_task(converse(app, "GET", sample(seed), list(stay))) for seed in range(4)]
        await all_have_come(28)
        departure.set()
        await asyncio.gather(*gone)
        gate.open()
        return [await task for task in remaining]

    with serve(folder, max_batch_size=4) as client:
        expected = {seed: client.get(sample(seed)).content for seed in range(4)}
        with gate.closed():
            conversations = client.portal.call(scenario, client.app)
        for seed, sent in enumerate(conversations):
            assert sent[0]["status"] == 200
            assert np.array_equal(np.frombuffer(sent[1]["body"], np.uint8), np.frombuffer(expected[seed], np.uint8))
