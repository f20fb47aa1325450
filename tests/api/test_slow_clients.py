"""Clients that are slow on purpose, and what no application sees of them."""

import contextlib
import json
import socket
import time

import pytest

from service.server.protocol import ProblemProtocol
from tests import builders
from tests.api.test_http import read_response
from tests.conftest import listening
from tests.waiting import LIMIT_S, wait_until

CALL = "/v1/models/tiny/discriminate"


@pytest.fixture(scope="module")
def hasty(models):
    """The port of a server that waits for nobody long."""
    with listening(models, header_timeout_s=0.5, write_timeout_s=0.5) as port:
        yield port


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)


def everything(connection) -> bytes:
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


def send_on(connection, data: bytes, pause_s: float, most: int) -> int:
    """Send the same again and again until the other side has closed the connection; how often it was sent."""
    for count in range(most):
        try:
            connection.sendall(data)
        except OSError:
            return count
        time.sleep(pause_s)
    return most


@pytest.fixture
def lost(monkeypatch):
    """The connections that servers of this process have closed, in their order."""
    found, original = [], ProblemProtocol.connection_lost

    def connection_lost(protocol, error):
        original(protocol, error)
        found.append(protocol)

    monkeypatch.setattr(ProblemProtocol, "connection_lost", connection_lost)
    return found


def test_a_header_sent_a_byte_at_a_time_is_cut_off(hasty):
    with connect(hasty) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: test\r\nX-Slow: ")
        assert send_on(connection, b"x", 0.05, most=1000) < 1000
        response = everything(connection)
    assert response == b"" or b"400 Bad Request" in response


def test_half_a_header_is_refused_with_what_is_missing(hasty):
    with connect(hasty) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: te")
        head, _, body = everything(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in head
    assert "did not come within" in json.loads(body)["detail"]


def test_a_silent_connection_is_closed(hasty):
    started = time.monotonic()
    with connect(hasty) as connection:
        assert everything(connection) == b""
    assert time.monotonic() - started > 0.3  # and not at once


def test_a_second_request_has_its_own_time(models):
    with listening(models, header_timeout_s=4.0) as port, connect(port) as connection:
        for _ in range(4):
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: t\r\n\r\n")
            assert read_response(connection)[0] == 200
            time.sleep(1.2)


def test_a_response_takes_as_long_as_it_takes(models, gate):
    limits = {"header_timeout_s": 1.0, "write_timeout_s": 1.0}
    with listening(models, **limits) as port, gate.closed(), connect(port) as connection:
        connection.sendall(b"GET /v1/models/tiny/sample?seed=1 HTTP/1.1\r\nHost: t\r\n\r\n")
        wait_until(lambda: gate.running)
        time.sleep(2.0)  # longer than a client may take
        gate.open()
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez HTTP/1.1\r\nX-Big: " + b"x" * 200_000,
        b"GET /" + b"x" * 200_000,
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 40_000,
    ],
)
def test_headers_without_end_are_refused_and_not_buffered(hasty, head):
    with connect(hasty) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(head)
        response = everything(connection)
    assert response == b"" or b" 400 " in response.split(b"\r\n")[0] + b" "


def test_a_refused_upload_is_not_read_to_its_end(models):
    with listening(models, max_upload_bytes=1000) as port, connect(port) as connection:
        connection.sendall(f"POST {CALL} HTTP/1.1\r\nHost: t\r\nContent-Length: 99000000000\r\n\r\n".encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
        assert send_on(connection, bytes(1_000_000), 0.0, most=1000) < 60


def test_a_refused_upload_that_trickles_is_given_up(models):
    with listening(models, linger_s=0.3, max_upload_bytes=1000) as port, connect(port) as connection:
        connection.sendall(f"POST {CALL} HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\n\r\n".encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
        assert send_on(connection, b"x", 0.05, most=1000) < 1000


def test_a_client_that_does_not_read_is_disconnected(tmp_path, lost):
    builders.write_package(tmp_path, "tiny", generator=builders.mlp_graph(side=256), discriminator=None)
    with listening(tmp_path, write_timeout_s=0.5) as port, connect(port) as lazy:
        lazy.sendall(b"GET /v1/models/tiny/sample?seed=1&n=64&format=npy HTTP/1.1\r\nHost: t\r\n\r\n" * 20)
        wait_until(lambda: lost)
        response = everything(lazy)
    assert len(response) < 20 * 64 * 256 * 256
    assert response.count(b"HTTP/1.1 200") < 20


def test_a_client_that_reads_a_byte_at_a_time_gets_its_response_and_holds_up_nobody(models):
    path = "/v1/models/tiny/sample?seed=1"
    with listening(models) as port, connect(port) as slow, connect(port) as good:
        slow.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while byte := slow.recv(1):
            found += byte
            time.sleep(0.001)
            if len(found) % 100 == 0:
                good.sendall(f"GET {path} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
                status, _, image = read_response(good)
                assert status == 200
        assert builders.same_pixels(found.partition(b"\r\n\r\n")[2], image)


def test_a_client_that_reads_a_byte_at_a_time_of_much_is_disconnected(tmp_path, lost):
    builders.write_package(tmp_path, "tiny", generator=builders.mlp_graph(side=256), discriminator=None)
    with listening(tmp_path, write_timeout_s=0.5) as port, connect(port) as slow:
        slow.sendall(b"GET /v1/models/tiny/sample?seed=1&n=64&format=npy HTTP/1.1\r\nHost: t\r\n\r\n" * 20)
        count = 0
        while not lost:
            count += len(slow.recv(1))
            time.sleep(0.05)
        assert count + len(everything(slow)) < 20 * 64 * 256 * 256  # it was not waited for
