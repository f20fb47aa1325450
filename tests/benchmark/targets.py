"""Who is measured: the service as it is shipped, and the peers, each started over one workload at a time."""

import http.client
import io
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from service.inference.cpu import available_cores
from tests.benchmark import processes
from tests.benchmark.client_requests import ClientRequest
from tests.benchmark.environments import python_of
from tests.benchmark.peers.generation import Task
from tests.benchmark.registry import PEERS, Peer
from tests.benchmark.workloads import Workload
from tests.server import free_port, running

_ROOT = Path(__file__).parents[2]
_READY_S = 90.0
_JPEG = {"Content-Type": "image/jpeg", "Accept": "image/jpeg"}


class NotServed(RuntimeError):
    """A target could not be installed or started, or answered something else than the image."""


@dataclass(frozen=True)
class Running:
    """A target that answers.

    Attributes:
        port: where.
        request: the one that it is loaded with.
        watch: of its memory.
    """

    port: int
    request: ClientRequest
    watch: processes.Watch


Target = Callable[[Workload], AbstractContextManager[Running]]
SERVICE = "ganvas"
DEFAULT = {"GANVAS_WORKERS": "0"}  # as it is shipped; the tests' servers have one


def target(name: str) -> Target:
    """The service, or a peer, by name."""
    return service() if name == SERVICE else _peer(PEERS[name])


def service(**settings: str) -> Target:
    """`python -m service` with its defaults, but for the settings that are given."""

    @contextmanager
    def start(workload: Workload) -> Iterator[Running]:
        with (
            running(workload.models, workload.models.with_suffix(".log"), **DEFAULT | settings) as server,
            processes.watching(server.process.pid) as watch,
        ):
            found = Running(server.port, service_request(workload), watch)
            check(found, workload)
            yield found

    return start


def service_request(workload: Workload) -> ClientRequest:
    """The workload's request as the service takes it."""
    path = f"/v1/models/{workload.model}"
    if workload.image:
        return ClientRequest(f"{path}/translate", "POST", _JPEG, workload.image.read_bytes())
    return ClientRequest(f"{path}/sample?seed={{seed}}")


def _peer(peer: Peer) -> Target:
    @contextmanager
    def start(workload: Workload) -> Iterator[Running]:
        python = python_of(peer)
        port = free_port()
        task = Task(str(workload.onnx), workload.image is not None, port, available_cores())
        environment = {**os.environ, **task.environment(), **peer.environment, "PYTHONPATH": str(_ROOT)}
        environment["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        command = [str(python), "-m", f"tests.benchmark.peers.{peer.module}"]
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            processes.started(command, environment, Path(folder)) as (process, watch),
        ):
            request = peer.translate(workload.image.read_bytes()) if workload.image else peer.generate
            found = Running(port, request, watch)
            _await(found, process, Path(folder) / processes.LOG, peer.name)
            check(found, workload)
            yield found

    return start


def _await(found: Running, process: "subprocess.Popen[bytes]", log: Path, name: str) -> None:
    """Waits until a peer answers; what it answers is checked later.

    Raises:
        NotServed: it has stopped, or takes too long.
    """
    ends = time.monotonic() + _READY_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise NotServed(f"{name} stopped: {_last_line(log)}")
        with suppress(OSError, http.client.HTTPException):
            if answer(found.port, found.request, 1)[0] == 200:
                return
        time.sleep(0.2)
    raise NotServed(f"{name} did not answer within {_READY_S:.0f} s: {_last_line(log)}")


def check(found: Running, workload: Workload) -> None:
    """Refuses whoever does not answer with the image of a seed, or with a translation.

    Raises:
        NotServed: it answers something else.
    """
    images = []
    for seed in (5, 5, 6):
        status, body = answer(found.port, found.request, seed)
        if status != 200:
            raise NotServed(f"the answer was {status}: {body[:200]!r}")
        image = found.request.image(body)
        try:
            with Image.open(io.BytesIO(image)) as opened:
                seen = (opened.format, opened.size)
        except OSError as error:
            raise NotServed(f"the answer holds no image: {image[:80]!r}") from error
        wanted = ("JPEG" if workload.image else "PNG", (workload.side_px, workload.side_px))
        if seen != wanted:
            raise NotServed(f"the answer is {seen}, not {wanted}")
        images.append(image)
    if images[0] != images[1] or (not workload.image and images[0] == images[2]):
        raise NotServed("the image is no function of the seed")


def drain(found: Running) -> None:
    """Waits until a target has done with what a load left behind: not every one lets go of clients that have gone."""
    with suppress(OSError, http.client.HTTPException):
        answer(found.port, found.request, 1)


def answer(port: int, request: ClientRequest, seed: int) -> tuple[int, bytes]:
    """Status and body of one answer, over a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request.encode(seed))
        reply = http.client.HTTPResponse(connection, method=request.method)
        reply.begin()
        return reply.status, reply.read()


def _last_line(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "its log is empty"
