"""Frames sent one by one as they are ready."""

import base64
import json
import re
import socket
import struct

import pytest

from tests import builders
from tests.conftest import assert_problem, converse, listening
from tests.waiting import async_wait_until, wait_until

CALL = "/v1/models/tiny/interpolate"
INTERPOLATION = {"from": {"seed": 1}, "to": {"seed": 2}, "steps": 6}
EVENTS, PARTS = {"Accept": "text/event-stream"}, {"Accept": "multipart/x-mixed-replace"}


def events(text: str) -> list[tuple[str, dict]]:
    """Events as a browser reads them."""
    found = []
    for block in text.strip().split("\n\n"):
        name, data = (line.partition(": ")[2] for line in block.split("\n"))
        found.append((name, json.loads(data)))
    return found


def frames(client) -> list[bytes]:
    response = client.post(f"{CALL}?format=json", json=INTERPOLATION)
    return [base64.b64decode(frame["data"]) for frame in response.json()["images"]]


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A package that takes about 20 ms per image."""
    folder = tmp_path_factory.mktemp("slow")
    builders.write_package(folder, "tiny", generator=builders.slow_graph(500), discriminator=None)
    return folder


def test_events_hold_every_frame_and_an_end(client):
    response = client.post(CALL, json=INTERPOLATION, headers=EVENTS)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-model"] == "tiny@1"
    assert response.headers["x-seed"] == "1,2"
    assert response.headers["cache-control"] == "no-store"
    assert {"queue", "infer", "total"} <= {p.split(";")[0] for p in response.headers["server-timing"].split(", ")}
    *found, (last, end) = events(response.text)
    assert (last, end) == ("done", {"model": "tiny@1", "frames": 6})
    assert [(name, data["index"], data["of"], data["content_type"]) for name, data in found] == [
        ("frame", index, 6, "image/png") for index in range(6)
    ]
    for (_, data), expected in zip(found, frames(client), strict=True):
        assert builders.same_pixels(base64.b64decode(data["data"]), expected)


def test_parts_replace_each_other(client):
    response = client.post(CALL, json=INTERPOLATION, headers=PARTS)
    assert response.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
    *parts, end = response.content.split(b"--frame")[1:]
    assert end == b"--\r\n"
    for part, expected in zip(parts, frames(client), strict=True):
        head, _, rest = part.partition(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])
        assert b"Content-Type: image/png" in head
        assert rest[length:] == b"\r\n"
        assert builders.same_pixels(rest[:length], expected)


@pytest.mark.parametrize("headers", [EVENTS, PARTS])
def test_what_is_wrong_from_the_start_is_an_ordinary_problem(client, headers):
    assert_problem(client.post(CALL, json=INTERPOLATION | {"steps": 0}, headers=headers), 422)
    opposite = {"from": {"vector": [1.0] * 8}, "to": {"vector": [-1.0] * 8}}
    assert_problem(client.post(CALL, json=opposite, headers=headers), 422)
    for call in ("sample", "arithmetic"):
        body = {} if call == "sample" else {"terms": [{"latents": [{"seed": 1}]}]}
        assert_problem(client.post(f"/v1/models/tiny/{call}", json=body, headers=headers), 406)


def test_format_knows_no_streams(client):
    for name in ("stream", "events", "sse"):
        assert_problem(client.post(f"{CALL}?format={name}", json=INTERPOLATION), 422)


def test_a_failure_in_the_middle_is_an_event_with_a_problem_document(tmp_path, serve):
    builders.write_package(tmp_path, "tiny", generator=builders.fragile_graph())
    ends = {"from": {"vector": [0.0] * 7 + [1.0]}, "to": {"vector": [199.0] * 8}, "method": "lerp", "steps": 8}
    with serve(tmp_path, max_batch_size=2) as client:
        *found, (name, problem) = events(client.post(CALL, json=ends, headers=EVENTS).text)
        assert [entry for entry, _ in found] == ["frame"] * 4
        assert name == "error"
        assert (problem["status"], problem["type"]) == (500, "urn:ganvas:problem:internal")
        assert "Gather" not in str(problem)
        parts = client.post(CALL, json=ends, headers=PARTS).content
        assert parts.count(b"image/png") == 4
        assert not parts.endswith(b"--\r\n")
        assert client.get("/v1/models/tiny/sample?seed=1").status_code == 200


def test_a_deadline_that_passes_in_the_middle_is_an_error_event(models, serve, gate):
    with serve(models, deadline_s=3.0, max_batch_size=1) as client, gate.closed():
        gate.permit(4)
        *found, (name, problem) = events(client.post(CALL, json=INTERPOLATION | {"steps": 60}, headers=EVENTS).text)
        assert 0 < len(found) <= 4
        assert (name, problem["status"]) == ("error", 504)
        assert client.app.state.ganvas.repository.find("tiny").generator.waiting_rows == 0


def test_frames_leave_as_soon_as_they_are_generated(slow, gate):
    body = json.dumps(INTERPOLATION | {"steps": 20}).encode()
    with (
        listening(slow, max_batch_size=1, instances=1) as port,
        socket.create_connection(("127.0.0.1", port)) as connection,
    ):
        head = f"POST {CALL} HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n"
        seen = b""
        with gate.closed():
            connection.sendall(head.encode() + body)
            for count in range(1, 7):
                gate.permit()
                while seen.count(b"event: frame") < count:
                    seen += connection.recv(65_536)
                assert seen.count(b"event: frame") == count
        while b"event: done" not in seen:
            seen += connection.recv(65_536)
        assert seen.count(b"event: frame") == 20


def test_a_client_that_leaves_a_stream_frees_its_rows(slow, serve, gate):
    async def leave(app):
        async def once_it_streams():
            yield {"type": "http.request", "body": json.dumps(INTERPOLATION | {"steps": 100}).encode()}
            await async_wait_until(lambda: gate.running == 1 and gate.started == before + 4)
            yield {"type": "http.disconnect"}

        return await converse(app, "POST", CALL, once_it_streams(), EVENTS)

    with serve(slow, max_batch_size=2, instances=1) as client, gate.closed():
        before = gate.started
        gate.permit(3)
        sent = client.portal.call(leave, client.app)
        assert sent[0]["status"] == 200
        assert sum(message.get("body", b"").count(b"event: frame") for message in sent) <= 6
        wait_until(lambda: not client.app.state.ganvas.repository.find("tiny").generator.waiting_rows)
        gate.open()
        assert client.get("/v1/models/tiny/sample?seed=1").status_code == 200
        assert gate.started == before + 4 + 1  # none of the rows that waited


def test_a_client_that_resets_a_stream_does_no_harm(slow):
    body = json.dumps(INTERPOLATION | {"steps": 50}).encode()
    with listening(slow) as port:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                head = f"POST {CALL} HTTP/1.1\r\nHost: t\r\nAccept: text/event-stream\r\nContent-Length: {len(body)}"
                connection.sendall(head.encode() + b"\r\n\r\n" + body)
                connection.recv(1000)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: t\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
