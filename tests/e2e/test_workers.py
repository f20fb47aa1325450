"""Several worker processes: one service to the outside."""

import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests import builders
from tests.server import running
from tests.waiting import LIMIT_S, wait_until

SAMPLE = "/v1/models/tiny/sample?seed=1"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    builders.write_package(folder, "tiny")
    return folder


def children(pid: int) -> list[int]:
    """Worker processes: children that were spawned to serve."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            is_ours = f"\nPPid:\t{pid}\n" in status.read_text()
            words = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if is_ours and b"spawn_main" in words:
            found.append(int(status.parent.name))
    return found


def get(server, path=SAMPLE) -> httpx.Response:
    """By a connection of its own, so that any worker may answer."""
    return httpx.get(server.url + path, timeout=LIMIT_S)


def value(text: str, name: str) -> float:
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


def test_workers_speak_for_one_service(models, tmp_path):
    with running(models, tmp_path / "log", GANVAS_WORKERS="2", GANVAS_RATE_LIMIT="40/hour") as server:
        wait_until(lambda: len(children(server.process.pid)) == 2)
        wait_until(lambda: len(list(Path(shared(server)).glob("*.state"))) == 2)
        with ThreadPoolExecutor(4) as clients:
            answers = list(clients.map(lambda _: get(server), range(60)))
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(200) == 40  # the rate is that of all workers together
        assert statuses.count(429) == 20
        assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
        (folder,) = {shared(server)}
    assert not Path(folder).exists()
    assert server.process.returncode == 0


def test_numbers_are_those_of_all_workers_and_a_killed_one_is_replaced(models, tmp_path):
    with running(models, tmp_path / "log", GANVAS_WORKERS="2") as server:
        first = wait_until(lambda: (found := children(server.process.pid)) and len(found) == 2 and found)
        wait_until(lambda: len(list(Path(shared(server)).glob("*.state"))) == 2)
        for _ in range(20):
            assert get(server).status_code == 200
        name = 'ganvas_request_seconds_count{method="GET",route="/v1/models/{model}/sample",status="200"}'
        assert {value(get(server, "/metrics").text, name) for _ in range(4)} == {20.0}
        assert value(get(server, "/metrics").text, 'ganvas_model_open{model="tiny@1"}') == 2.0
        os.kill(first[0], signal.SIGKILL)
        wait_until(lambda: server.status("/readyz") == 200 and len(set(children(server.process.pid)) - {first[0]}) == 2)
        wait_until(lambda: get(server).status_code == 200)
        text = wait_until(lambda: get(server, "/metrics").text)
        assert value(text, name) >= 20.0  # what a dead worker has counted still counts


def test_a_new_version_is_served_by_all_workers_or_by_none(models, tmp_path):
    with running(models, tmp_path / "log", GANVAS_WORKERS="3") as server:
        wait_until(lambda: len(list(Path(shared(server)).glob("*.state"))) == 3)
        wait_until(lambda: server.status("/readyz") == 200)
        builders.write_package(models, "tiny", version=2)
        seen = []

        def is_served_by_all() -> bool:
            seen.append(get(server).headers["X-Model"])
            return seen[-20:] == ["tiny@2"] * 20

        wait_until(is_served_by_all)
        assert seen == sorted(seen)  # once one worker has answered with the new version, none does with the old one
        assert seen[0] == "tiny@1"


def refuses(port: int) -> bool:
    """Whether the port is closed to new connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S).close()
    except ConnectionRefusedError:
        return True
    return False


def test_on_sigterm_every_worker_finishes_what_it_has_begun_while_others_are_refused_at_once(tmp_path):
    builders.write_package(tmp_path / "models", "tiny", generator=builders.slow_graph(2500), discriminator=None)
    settings = {
        "GANVAS_WORKERS": "2",
        "GANVAS_DRAIN_S": "2.0",
        "GANVAS_MAX_BATCH_SIZE": "1",
        "GANVAS_DEADLINE_S": "200",
    }
    with running(tmp_path / "models", tmp_path / "log", **settings) as server:
        wait_until(lambda: len(list(Path(shared(server)).glob("*.state"))) == 2)

        def ask(seed):
            return httpx.get(f"{server.url}/v1/models/tiny/sample?seed={seed}&n=24&format=npy", timeout=200)

        with ThreadPoolExecutor(4) as clients:
            asking = [clients.submit(ask, 100 * index) for index in range(4)]
            wait_until(lambda: value(get(server, "/metrics").text, "ganvas_waiting_rows") > 20)
            server.process.send_signal(signal.SIGTERM)
            assert wait_until(lambda: (found := server.status("/readyz")) != 200 and (found,)) == (503,)
            # Whom nobody will answer must not wait for the last of those in flight: another copy could answer.
            wait_until(lambda: refuses(server.port))
            assert not all(asked.done() for asked in asking)
            answers = [asked.result() for asked in asking]
        assert server.process.wait(timeout=LIMIT_S) == 0
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.content for answer in answers}) == 4


def shared(server) -> str:
    (child, *_) = children(server.process.pid)
    environment = Path(f"/proc/{child}/environ").read_bytes().decode()
    found = re.search(r"GANVAS_SHARED_DIR=([^\0]+)", environment)
    assert found
    return found[1]
