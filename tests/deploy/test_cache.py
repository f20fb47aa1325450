"""The cache of deploy/nginx: a real nginx in front of the real server."""

from contextlib import ExitStack

import httpx
import pytest

from tests import builders
from tests.nginx import NGINX, nginx, until_it_answers
from tests.server import free_port, running
from tests.waiting import wait_until

IMAGE = "/v1/models/tiny/sample?seed=7"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    builders.write_package(folder, "tiny")
    return folder


@pytest.fixture
def cached(models, tmp_path):
    """Starts nginx and the service, and returns a client of nginx."""
    with ExitStack() as started:

        def start(*changes, **settings):
            port, server = free_port(), started.enter_context(running(models, **settings))
            started.enter_context(nginx(tmp_path, port, server.port, *changes))
            client = started.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}"))
            until_it_answers(client, tmp_path / "log")
            return client

        yield start


def test_second_get_of_an_image_is_a_hit_and_its_etag_revalidates(cached):
    client = cached()
    first, second = (client.get(IMAGE) for _ in range(2))
    assert [response.headers["X-Cache"] for response in (first, second)] == ["MISS", "HIT"]
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    known = client.get(IMAGE, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    as_webp = client.get(IMAGE, headers={"Accept": "image/webp"})
    assert as_webp.headers["Content-Type"] == "image/webp"  # a separate response, because of Vary


def test_stale_responses_are_revalidated_by_their_etag(cached):
    brief = "proxy_ignore_headers Cache-Control;\n        proxy_cache_valid 200 1s;\n        proxy_cache_lock on;"
    client = cached(("proxy_cache_lock on;", brief), ("proxy_cache_background_update on;", ""))
    first = client.get(IMAGE)
    again = wait_until(lambda: (found := client.get(IMAGE)).headers["X-Cache"] != "HIT" and found)
    assert again.headers["X-Cache"] == "REVALIDATED"
    assert again.content == first.content


def test_uncacheable_responses_are_not_cached(cached):
    client = cached()
    for response in (client.get("/v1/models/tiny/sample") for _ in range(2)):  # random seeds
        assert response.headers["X-Cache"] == "MISS"
    posted = [client.post("/v1/models/tiny/sample", json={"n": 1}) for _ in range(2)]
    assert posted[0].content != posted[1].content
    assert client.get("/v1/models/none/sample?seed=1").status_code == 404


def test_nothing_is_cached_with_api_keys(cached):
    client = cached(GANVAS_API_KEYS="secret")
    allowed = {"X-API-Key": "secret"}
    assert [client.get(IMAGE, headers=allowed).headers["X-Cache"] for _ in range(2)] == ["MISS", "MISS"]
    assert client.get(IMAGE).status_code == 401
