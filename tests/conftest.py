"""Fixtures of every test."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from starlette.testclient import TestClient

from service.http.app import create_app
from service.inference.session import Session
from service.repository.folder import POLL_MS
from service.server.process import server_config
from service.server.protocol import LINGER_S
from service.settings import Settings
from tests import builders
from tests.gate import Gate
from tests.waiting import wait_until


@contextmanager
def serving(folder: Path, *, poll_ms: int = POLL_MS, **settings: Any) -> Iterator[TestClient]:
    """The application over a folder of packages, in this process, with its models open."""
    app = create_app(Settings(models_dir=folder, **settings), poll_ms=poll_ms)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.portal.call(wait_until_scanned, app)
        yield client


async def wait_until_scanned(app: Any) -> None:
    """Wait for the scan that the lifespan starts."""
    await app.state.ganvas.opening


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages: grey, in colour with directions and an encoder, conditional, with a critic, and translators."""
    folder = tmp_path_factory.mktemp("models")
    builders.write_package(folder, "tiny")
    axis = np.eye(builders.Z_DIM, dtype=np.float32)[0]
    builders.write_package(
        folder, "colour", channels=3, directions={"smile": axis}, distribution="uniform", encoder=True
    )
    builders.write_package(folder, "classes", conditional=True)
    builders.write_package(folder, "critic", discriminator="scores")
    builders.write_translator(folder, "darker", builders.affine_graph(0.5, -0.25), inverse="lighter")
    builders.write_translator(folder, "lighter", builders.affine_graph(2.0, 0.5), inverse="darker")
    builders.write_translator(folder, "blocky", builders.strided_graph(4), multiple=4)
    builders.write_translator(folder, "stylish", builders.stylising_graph(), inverse="nowhere")
    return folder


@pytest.fixture(scope="session")
def client(models: Path) -> Iterator[TestClient]:
    """The application over `models`, with the default settings."""
    with serving(models) as served:
        yield served


@pytest.fixture
def serve() -> Callable[..., Any]:
    """`serving`, for tests that need packages or settings of their own."""
    return serving


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate before the inferences of applications in this process, open at first."""
    made = Gate()
    monkeypatch.setattr(Session, "run", made.wrap(Session.run))
    yield made
    made.open()


@contextmanager
def listening(folder: Path, *, linger_s: float = LINGER_S, **settings: Any) -> Iterator[int]:
    """The port of a real server over a folder of packages, in a thread of this process."""
    chosen = Settings(models_dir=folder, **settings)
    app = create_app(chosen)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(server_config(app, chosen, linger_s=linger_s))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until(lambda: app.state.ganvas.repository.is_scanned)
            yield listener.getsockname()[1]
        finally:  # after a failure too: a running thread would keep the process from ending
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="session")
def port(models: Path) -> Iterator[int]:
    """The port of a real server over `models`, for tests of the bytes on a socket."""
    with listening(models) as number:
        yield number


async def _one_by_one(messages: Iterable[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for message in messages:
        yield message


async def converse(
    app: Any,
    method: str,
    path: str,
    messages: Iterable[dict[str, Any]] | AsyncIterator[dict[str, Any]],
    headers: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Send one ASGI request of `messages` to an application, and return the messages of its response.

    After the last message the client stays connected and sends nothing.
    """
    sent: list[dict[str, Any]] = []
    incoming = messages if isinstance(messages, AsyncIterator) else _one_by_one(messages)
    coming: asyncio.Task[dict[str, Any]] | None = None

    async def take() -> dict[str, Any]:
        async for message in incoming:
            return message
        return await asyncio.Event().wait()

    async def receive() -> dict[str, Any]:
        """As a server's: a call that is cancelled loses nothing, and every caller gets a disconnection."""
        nonlocal coming
        task = coming = coming or asyncio.create_task(take())
        message = await asyncio.shield(task)
        if coming is task and message["type"] != "http.disconnect":
            coming = None
        return message

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    try:
        await app(scope, receive, send)
    finally:
        if coming is not None:
            coming.cancel()
    return sent


def assert_problem(response: Any, status: int, slug: str | None = None) -> dict[str, Any]:
    """Assert that a response is a complete problem document (RFC 9457) of this status, without internals."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(document)
    assert document["status"] == status
    assert document["type"].startswith("urn:ganvas:problem:")
    assert slug is None or document["type"] == f"urn:ganvas:problem:{slug}"
    assert document["title"]
    assert document["detail"]
    assert "Traceback" not in response.text
    return document
