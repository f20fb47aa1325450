"""The cache of deploy/nginx, as a real nginx runs it before the real server."""

import time
from contextlib import ExitStack

import httpx
import pytest

from tests import builders
from tests.nginx import NGINX, nginx, until_it_answers
from tests.server import free_port, running

PICTURE = "/v1/models/tiny/sample?seed=7"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: apt-get install nginx-light")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    builders.write_package(folder, "tiny")
    return folder


@pytest.fixture
def cached(models, tmp_path):
    """Starts nginx before the service and gives a client of it."""
    with ExitStack() as started:

        def begin(*changes, **settings):
            port, server = free_port(), started.enter_context(running(models, **settings))
            started.enter_context(nginx(tmp_path, port, server.port, *changes))
            client = started.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}"))
            until_it_answers(client, tmp_path / "log")
            return client

        yield begin


def test_the_second_get_of_a_picture_is_a_hit_and_its_etag_revalidates(cached):
    client = cached()
    first, second = (client.get(PICTURE) for _ in range(2))
    assert [answer.headers["X-Cache"] for answer in (first, second)] == ["MISS", "HIT"]
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
    known = client.get(PICTURE, headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    as_webp = client.get(PICTURE, headers={"Accept": "image/webp"})
    assert as_webp.headers["Content-Type"] == "image/webp"  # another answer, by Vary


def test_what_is_too_old_is_asked_for_again_by_its_etag(cached):
    brief = "proxy_ignore_headers Cache-Control;\n        proxy_cache_valid 200 1s;\n        proxy_cache_lock on;"
    client = cached(("proxy_cache_lock on;", brief), ("proxy_cache_background_update on;", ""))
    first = client.get(PICTURE)
    time.sleep(2.1)
    again = client.get(PICTURE)
    assert again.headers["X-Cache"] == "REVALIDATED"
    assert again.content == first.content


def test_what_must_not_be_kept_is_not(cached):
    client = cached()
    for answer in (client.get("/v1/models/tiny/sample") for _ in range(2)):  # seeds of chance
        assert answer.headers["X-Cache"] == "MISS"
    posted = [client.post("/v1/models/tiny/sample", json={"n": 1}) for _ in range(2)]
    assert posted[0].content != posted[1].content
    assert client.get("/v1/models/none/sample?seed=1").status_code == 404


def test_with_keys_nothing_is_kept(cached):
    client = cached(GANVAS_API_KEYS="secret")
    allowed = {"X-API-Key": "secret"}
    assert [client.get(PICTURE, headers=allowed).headers["X-Cache"] for _ in range(2)] == ["MISS", "MISS"]
    assert client.get(PICTURE).status_code == 401
