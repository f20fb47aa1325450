"""The deployment of deploy/ray on a real local Ray cluster; `make test-ray` installs the requirements."""

import os
import signal
import threading
import time
from dataclasses import dataclass, field

import httpx
import pytest

from service.settings import Settings
from tests import builders
from tests.ray_serve import PROXIES, serving, until
from tests.server import running

pytest.importorskip("ray", reason="Ray is not installed; `make test-ray` installs it and runs this")

CLIENTS, MAX_ONGOING = 12, 8
SLOW_TURNS = 1000  # 40 ms per image
ONGOING_LIMIT = ("- name: Ganvas", f"- name: Ganvas\n        max_ongoing_requests: {MAX_ONGOING}")


@dataclass
class Load:
    """Clients that send requests without a pause. `requests` has (start, end, status), 0 for a lost connection."""

    url: str
    path: str
    requests: list[tuple[float, float, int]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        for thread in self._threads:
            thread.join()

    def _send(self, number: int) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            seed = number
            while not self.stopped.is_set():
                seed, start = seed + CLIENTS, time.monotonic()
                try:
                    status = client.get(self.path, params={"seed": seed}).status_code
                except httpx.TransportError:
                    status = 0
                self.requests.append((start, time.monotonic(), status))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    builders.write_package(folder, "tiny")
    builders.write_package(folder, "slow", generator=builders.slow_graph(SLOW_TURNS))
    return folder


def test_second_replica_starts_under_load(models, tmp_path):
    scale_soon = (
        ("upscale_delay_s: 10", "upscale_delay_s: 1"),
        ("target_ongoing_requests: 16", "target_ongoing_requests: 3"),
    )
    with (
        serving(tmp_path, models, 1, 2, *scale_soon) as ray,
        Load(ray.url, "/v1/models/slow/sample") as load,
        httpx.Client(base_url=ray.url) as client,
    ):
        until(lambda: len(ray.drawn(client)) == 2, ray.log)
    assert {status for _, _, status in load.requests} == {200}


@pytest.fixture(scope="module", params=PROXIES)
def two(request, models, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("ray"), models, 2, 2, ONGOING_LIMIT, **PROXIES[request.param]) as ray:
        yield ray


def test_two_replicas_respond_like_the_service(two, models):
    with running(models) as server, httpx.Client(base_url=server.url) as plain, httpx.Client(base_url=two.url) as ray:
        paths = [f"/v1/models/tiny/sample?seed={seed}" for seed in range(40)]
        paths += ["/v1/models", "/v1/models/none/sample", "/openapi.json", "/", "/v1/models/tiny/sample?seed=1&n=x"]
        for path in paths:
            one, other = plain.get(path), ray.get(path)
            assert (other.status_code, other.content) == (one.status_code, one.content), path
            names = {
                name for name in other.headers if name not in ("server", "date", "connection", "transfer-encoding")
            }
            assert names >= {name for name in one.headers if name not in ("date", "connection")}
            assert len(other.headers.get_list("x-request-id")) == 1
            assert other.headers.get("etag") == one.headers.get("etag")
        body = {"latents": [{"seed": 3}], "format": "npy"}
        one, other = (client.post("/v1/models/tiny/sample", json=body) for client in (plain, ray))
        assert (other.status_code, other.content) == (one.status_code, one.content)
        counts = two.drawn(ray)
    assert len(counts) == 2
    assert all(count > 0 for count in counts.values())


def test_killed_replica_loses_only_its_requests_and_is_replaced(two):
    before = two.replicas()
    with Load(two.url, "/v1/models/slow/sample") as load:
        until(lambda: len(load.requests) > 4 * CLIENTS, two.log)
        killed = min(before)
        moment = time.monotonic()
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(two.replicas() - before) == 1, two.log)
        back = time.monotonic()
        until(lambda: sum(start > back for start, _, _ in load.requests) > 10 * CLIENTS, two.log)
    failed = [one for one in load.requests if one[2] != 200]
    print(f"{len(failed)} of {len(load.requests)} requests failed; back after {back - moment:.1f} s")
    in_progress = [one for one in load.requests if one[0] < moment < one[1]]
    assert len(in_progress) == CLIENTS
    assert set(failed) <= set(in_progress)  # later requests were not affected
    assert len(failed) <= MAX_ONGOING
    with httpx.Client(base_url=two.url) as client:
        until(lambda: len(two.drawn(client)) == 2, two.log)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # by Ray's import
def test_replica_has_one_thread_per_core_of_ray():
    from deploy.ray.app import fitted

    given = fitted(Settings(), {"CPU": 2.0})
    assert (given.execution().threads, given.instances) == (2, min(2, Settings().execution().instances))
    assert fitted(Settings(), {"CPU": 0.5}).execution().threads == 1
    assert fitted(Settings(threads=3, instances=3), {"CPU": 1.0}) == Settings(threads=3, instances=3)
