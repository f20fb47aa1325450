"""What only bytes on a socket can express, against a real server on the loopback interface."""

import gzip
import json
import socket
import struct

import pytest

from tests import builders
from tests.conftest import listening
from tests.waiting import LIMIT_S, wait_until

CALL = "/v1/models/tiny/discriminate"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)


def read_response(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one response."""
    with connection.makefile("rb") as file:
        status = int(file.readline().split()[1])
        headers = {}
        while (line := file.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, file.read(int(headers.get("content-length", 0)))


def send(port: int, *pieces: bytes) -> tuple[int, dict[str, str], bytes]:
    with connect(port) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_response(connection)


def post(path: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: test", *headers]
    if not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode()


def test_an_image_arrives(port):
    status, headers, body = send(port, get("/v1/models/tiny/sample?seed=1"))
    assert (status, headers["content-type"]) == (200, "image/png")
    assert builders.pixels(body).shape == (12, 12)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1/models", "/v1/models/tiny/sample?seed=1", "/nothing"])
def test_a_head_has_no_body(port, path):
    with connect(port) as connection:
        connection.sendall(get(path, "HEAD") + get("/livez"))
        with connection.makefile("rb") as file:
            while file.readline().strip():
                pass
            assert file.readline().startswith(b"HTTP/1.1 200")  # the next response follows at once


def test_an_upload_without_a_length_comes_in_chunks_of_one_byte(port):
    raw = builders.image_file(4, 4)
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in raw) + b"0\r\n\r\n"
    status, _, body = send(port, post(CALL, chunks, "Transfer-Encoding: chunked"))
    assert status == 200
    assert json.loads(body) == json.loads(send(port, post(CALL, raw))[2])


def test_a_waiting_client_is_asked_to_continue(port):
    raw = builders.image_file(4, 4)
    with connect(port) as connection:
        connection.sendall(post(CALL, b"", f"Content-Length: {len(raw)}", "Expect: 100-continue"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(raw)
        assert read_response(connection)[0] == 200


@pytest.mark.parametrize("length", ["-1", "x", "1, 2"])
def test_a_content_length_that_is_no_number_is_refused(port, length):
    assert send(port, post(CALL, b"", f"Content-Length: {length}"))[0] == 400


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"\r\n\r\n\r\n\r\nnonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_does_no_harm(port, garbage):
    with connect(port) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert send(port, get("/livez"))[0] == 200


def test_a_declared_length_beyond_the_limit_is_refused_without_the_body(port):
    status, headers, _ = send(port, post(CALL, b"", "Content-Length: 99000000000"))
    assert status == 413
    assert headers["content-type"] == "application/problem+json"


def test_an_endless_upload_is_refused_before_its_end(port):
    with connect(port) as connection:
        connection.sendall(post(CALL, b"", "Transfer-Encoding: chunked"))
        for _ in range(12):
            connection.sendall(b"100000\r\n" + bytes(0x100000) + b"\r\n")
        assert read_response(connection)[0] == 413
    assert send(port, get("/livez"))[0] == 200


@pytest.mark.parametrize("cut", [10, 60, 100, 300])
def test_a_client_that_leaves_in_the_middle_does_no_harm(port, cut):
    for _ in range(5):
        with connect(port) as connection:
            connection.sendall(post(CALL, builders.image_file(40, 40))[:cut])
            # Reset at once, as when a machine dies.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert send(port, post(CALL, builders.image_file()))[0] == 200


def test_a_client_that_does_not_read_its_response_does_no_harm(port):
    with connect(port) as lazy:
        lazy.sendall(get("/v1/models/tiny/sample?n=64&format=json") * 20)
        assert send(port, get("/v1/models/tiny/sample?seed=1"))[0] == 200


def test_two_hundred_idle_connections_do_no_harm(port):
    idle = [connect(port) for _ in range(200)]
    try:
        assert send(port, get("/livez"))[0] == 200
    finally:
        for connection in idle:
            connection.close()


def test_requests_in_a_row_share_a_connection(port):
    with connect(port) as connection:
        bodies = []
        for _ in range(3):
            connection.sendall(get("/v1/models/tiny/sample?seed=1"))
            bodies.append(read_response(connection)[2])
        connection.sendall(post("/v1/models/tiny/sample", b"{bad"))
        assert read_response(connection)[0] == 422
        connection.sendall(get("/v1/models/tiny/sample?seed=1"))
        bodies.append(read_response(connection)[2])
    assert len(set(bodies)) == 1


def test_a_huge_header_is_refused(port):
    with connect(port) as connection:
        try:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: test\r\nX-Big: " + b"x" * 10_000_000 + b"\r\n\r\n")
            response = connection.recv(100)
        except OSError:
            response = b""
    assert response == b"" or response.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200"))
    assert send(port, get("/livez"))[0] == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /v1/models/tiny/sample HTTP/1.1\r\nHost: test\r\nContent-Length: abc\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_document_too(port, request_bytes):
    status, headers, body = send(port, request_bytes)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(body)["status"] == 400
    assert len(headers["x-request-id"]) == 32
    assert send(port, get("/livez"))[0] == 200


@pytest.mark.parametrize("path", ["/livez", "/v1/models/tiny/sample", CALL, "/v1/models/darker/translate", "/v2"])
def test_options_lists_the_methods_of_the_path(port, path):
    status, headers, _ = send(port, get(path, "OPTIONS"))
    assert status == 405
    assert headers["allow"]


def test_a_post_without_length_and_without_chunks_has_no_body(port):
    for path, expected in (("/v1/models/tiny/sample", 422), (CALL, 415)):
        status, headers, body = send(port, f"POST {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        assert (status, headers["content-type"]) == (expected, "application/problem+json")
        assert json.loads(body)["status"] == expected


def test_a_length_that_is_too_small_ends_the_body_there_and_the_rest_is_no_request(port):
    with connect(port) as connection:
        connection.sendall(post("/v1/models/tiny/sample", b'{"seeds": [1]}', "Content-Length: 5"))
        status, headers, _ = read_response(connection)
        assert status in (400, 422)  # of the rest, if that is seen before the response to the body is sent
        assert headers["content-type"] == "application/problem+json"
        rest = connection.recv(65_536)
        assert rest == b"" or rest.startswith(b"HTTP/1.1 400")
    assert send(port, get("/livez"))[0] == 200


def test_a_length_that_is_too_large_is_waited_for_until_the_deadline(models):
    with listening(models, deadline_s=0.3) as short:
        for path, body in (("/v1/models/tiny/sample", b"{}"), (CALL, builders.image_file())):
            status, headers, _ = send(short, post(path, body, f"Content-Length: {len(body) + 10}"))
            assert (status, headers["content-type"]) == (504, "application/problem+json")
        wait_until(lambda: send(short, get("/v1/models/tiny/sample?seed=1"))[0] == 200)


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 2", "Transfer-Encoding: chunked"), ("Transfer-Encoding: chunked", "Content-Length: 2"),
        ("Content-Length: 2", "Content-Length: 3"), ("Transfer-Encoding: nonsense",),
        ("Transfer-Encoding: chunked, identity",),
    ],
)  # fmt: skip
def test_two_ends_of_one_body_are_refused(port, headers):
    """Where a proxy takes one end and we the other, the rest would be somebody's request."""
    hidden = b"0\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: test\r\n\r\n"
    with connect(port) as connection:
        connection.sendall(post("/v1/models/tiny/sample", b"{}" + hidden, *headers))
        assert read_response(connection)[0] == 400
        assert connection.recv(65_536) == b""
    assert send(port, get("/livez"))[0] == 200


@pytest.mark.parametrize("size", [b"-1", b"x", b"FFFFFFFFFFFFFFFFF", b"1;" + b"a" * 100_000])
def test_a_chunk_of_a_false_size_does_no_harm(port, size):
    with connect(port) as connection:
        connection.sendall(post(CALL, size + b"\r\n\x00\r\n0\r\n\r\n", "Transfer-Encoding: chunked"))
        connection.shutdown(socket.SHUT_WR)
        response = connection.recv(65_536)
    assert response == b"" or response.startswith(b"HTTP/1.1 4")
    assert send(port, get("/livez"))[0] == 200


def test_a_gzip_body_is_refused_on_the_wire_too(port):
    raw = gzip.compress(builders.image_file())
    status, headers, _ = send(port, post(CALL, raw, "Content-Encoding: gzip"))
    assert status in (415, 422)
    assert headers["content-type"] == "application/problem+json"
