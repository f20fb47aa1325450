"""Uploads as multipart bodies, and their limits of size."""

import asyncio
import json

import pytest

from service.repository import manifest
from tests import builders
from tests.api.discriminating import CALL, discriminate
from tests.conftest import assert_problem, converse


def part(name: bytes = b"image", body: bytes = b"", file: bool = True) -> bytes:
    tail = b'; filename="a.png"' if file else b""
    return b'--B\r\nContent-Disposition: form-data; name="' + name + b'"' + tail + b"\r\n\r\n" + body + b"\r\n"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("multipart/form-data", 400), ("multipart/form-data; boundary=", 400),
        ('multipart/form-data; boundary=""', 400),
        ("multipart/form-data; boundary=other", 400), (f"multipart/form-data; boundary={'B' * 5000}", 400),
        ("Multipart/Form-Data; Boundary=B", 200), ('multipart/form-data; charset=undefined; boundary="B"', 200),
        ("multipart/form-data; boundary=B; charset=no-such-thing", 200),
    ],
)  # fmt: skip
def test_the_boundary_of_a_multipart_body_is_checked(client, kind, status):
    body = part(body=builders.image_file()) + b"--B--\r\n"
    response = discriminate(client, body, **{"Content-Type": kind})
    assert response.status_code == status, response.text


@pytest.mark.parametrize("end", [b"--B--\r\n", b"--B--", b"--B--\r\nan epilogue", b"--B--  \r\n"])
def test_the_last_boundary_ends_a_multipart_body_whatever_follows(client, end):
    raw = builders.image_file()
    body = part(body=raw) + end
    response = discriminate(client, body, **{"Content-Type": "multipart/form-data; boundary=B"})
    assert response.json() == discriminate(client, raw).json()


@pytest.mark.parametrize(
    ("body", "statuses"),
    [
        (b"", (400,)),
        (b"--B--\r\n", (422,)),
        (b"nonsense", (400,)),
        (part(body=b"x" * 100)[:-50], (400,)),
        (part(b"picture", b"x") + b"--B--\r\n", (422,)),
        (part(b"image", b"x", file=False) + b"--B--\r\n", (422,)),
        (part(b"image", b"x") * 2 + b"--B--\r\n", (400, 422)),
        (part(b"image", b"x") + part(b"extra", b"y", file=False) + b"--B--\r\n", (422,)),
        (part(b"image", b"x") * 10_000 + b"--B--\r\n", (400, 413)),
        (part(b"n", b"", file=False) * 10_000 + b"--B--\r\n", (400, 413)),
        (part(b"n" * 1_000_000, b"x") + b"--B--\r\n", (400, 413, 422)),
        (part(b"image", b"x" * 100_000, file=False) + b"--B--\r\n", (400, 413, 422)),
        (b"--B\r\n" + b"A: b\r\n" * 10_000 + b"\r\nx\r\n--B--\r\n", (400, 413, 422)),
        (b"--B\r\n\r\nx\r\n--B--\r\n", (400, 422)),
        (b'--B\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n--B--\r\n', (400, 422)),
    ],
)
def test_a_bad_multipart_body_is_refused(client, body, statuses):
    response = discriminate(client, body, **{"Content-Type": "multipart/form-data; boundary=B"})
    assert response.status_code in statuses, response.text
    assert_problem(response, response.status_code)
    assert client.app.state.ganvas.uploads.held == 0


def megabytes(count: int):
    for _ in range(count):
        yield bytes(1_000_000)


def test_an_upload_beyond_the_limit_is_refused_as_soon_as_it_is_known(client):
    taken = []

    def counted():
        for chunk in megabytes(300):
            taken.append(len(chunk))
            yield chunk

    response = asyncio.run(_streamed(client.app, counted()))
    assert response == 413
    assert sum(taken) < 13_000_000
    assert client.app.state.ganvas.uploads.held == 0


async def _streamed(app, chunks) -> int:
    messages = ({"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks)
    return (await converse(app, "POST", CALL, messages))[0]["status"]


def test_a_declared_length_beyond_the_limit_is_refused_unread(client):
    def unread():
        raise AssertionError("the body was read")
        yield

    sent = asyncio.run(converse(client.app, "POST", CALL, unread(), {"Content-Length": "10485761"}))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("form", ["raw", "multipart"])
def test_the_limits_of_uploads_are_settings(models, serve, form):
    raw = builders.image_file(40, 40)
    with serve(models, max_upload_bytes=len(raw)) as client:
        for body, status in ((raw, 200), (raw + b"\x00", 413)):
            sent = {"content": body} if form == "raw" else {"files": {"image": body}}
            assert client.post(CALL, **sent).status_code == status
    with serve(models, max_image_pixels=1599) as client:
        assert_problem(client.post(CALL, content=raw), 413, "too-large")


def test_all_uploads_being_read_share_a_limit(models, serve):
    with serve(models, max_uploads_bytes=1000) as client:
        response = discriminate(client, builders.image_file(100, 100))
        assert_problem(response, 503)
        assert int(response.headers["retry-after"]) >= 1
        assert client.app.state.ganvas.uploads.held == 0
        assert discriminate(client, builders.image_file(2, 2)).status_code == 200


def test_a_client_that_leaves_while_uploading_is_no_fault(client, caplog):
    messages = [{"type": "http.request", "body": b"x" * 100, "more_body": True}, {"type": "http.disconnect"}]
    for headers in ({}, {"Content-Type": "multipart/form-data; boundary=B"}):
        asyncio.run(converse(client.app, "POST", CALL, messages, headers))
    assert client.app.state.ganvas.uploads.held == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert 'status="500"' not in client.get("/metrics").text


def test_a_discriminator_that_does_not_fit_its_manifest_is_never_served(tmp_path, serve):
    folder = builders.write_package(tmp_path, "tiny")
    raw = builders.discriminator_graph(channels=3)
    (folder / "discriminator.onnx").write_bytes(raw)
    networks = json.loads((folder / "manifest.json").read_text())["networks"]
    networks["discriminator"]["sha256"] = manifest.sha256(raw)
    builders.rewrite_manifest(folder, networks=networks)
    with serve(tmp_path) as client:
        (skipped,) = client.get("/v1/models").json()["skipped"]
        assert "has the inputs" in skipped["reason"]
