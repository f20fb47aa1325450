"""The cacheable GET: its images, and its headers for caches."""

import pytest

from tests import builders
from tests.conftest import assert_problem

SAMPLE = "/v1/models/tiny/sample"


def inferences(client, model="tiny@1") -> float:
    name = f'ganvas_batch_rows_count{{model="{model}",network="generator"}} '
    return next(float(line.split()[-1]) for line in client.get("/metrics").text.splitlines() if line.startswith(name))


def test_get_means_seed_to_seed_plus_n_minus_one(client):
    response = client.get(f"{SAMPLE}?seed=10&n=3&columns=3")
    assert response.headers["x-seed"] == "10,11,12"
    assert response.content == client.post(SAMPLE, json={"seeds": [10, 11, 12], "columns": 3}).content


def test_get_with_class_and_truncation_is_the_same_as_post(client):
    response = client.get("/v1/models/classes/sample?seed=10&class=star&truncation=0.5")
    body = {"seeds": [10], "class": "star", "truncation": 0.5}
    assert response.content == client.post("/v1/models/classes/sample", json=body).content
    assert response.content == client.get("/v1/models/classes/sample?seed=10&class=2&truncation=.5").content


def test_a_seed_makes_a_strong_etag_and_a_304_without_inference(client):
    first = client.get(f"{SAMPLE}?seed=77")
    tag = first.headers["etag"]
    assert tag.startswith('"')
    count = inferences(client)
    for held in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = client.get(f"{SAMPLE}?seed=77", headers={"If-None-Match": held})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == tag
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert again.headers["vary"] == "Accept"
    assert inferences(client) == count
    assert client.get(f"{SAMPLE}?seed=77", headers={"If-None-Match": '"other"'}).status_code == 200


def test_whatever_changes_the_bytes_changes_the_etag(client):
    queries = ["seed=1", "seed=2", "seed=1&n=2", "seed=1&n=2&columns=1", "seed=1&truncation=0.5", "seed=1&format=webp"]
    tags = {client.head(f"{SAMPLE}?{query}").headers["etag"] for query in queries}
    tags |= {client.head(f"/v1/models/classes/sample?seed=1&class={name}").headers["etag"] for name in builders.CLASSES}
    tags.add(client.get(f"{SAMPLE}?seed=1", headers={"Accept": "image/jpeg"}).headers["etag"])
    tags.add(client.get("/v1/models/colour/sample?seed=1").headers["etag"])
    assert len(tags) == len(queries) + 3 + 2


def test_truncation_changes_the_etag_without_metadata_too(models, serve):
    with serve(models, metadata=False) as client:
        tags = {client.head(f"{SAMPLE}?seed=1&truncation={value}").headers["etag"] for value in (0.5, 1.0)}
    assert len(tags) == 2


def test_another_codec_makes_another_etag(client, monkeypatch):
    before = client.head(f"{SAMPLE}?seed=1").headers["etag"]
    monkeypatch.setattr("service.http.response.caching.codecs.codec_versions", lambda: "another")
    assert client.head(f"{SAMPLE}?seed=1").headers["etag"] != before


@pytest.mark.parametrize("part", ["engine", "engine_version", "precision"])
def test_another_engine_or_precision_makes_another_etag(client, monkeypatch, part):
    before = client.head(f"{SAMPLE}?seed=1").headers["etag"]
    monkeypatch.setattr(client.app.state.ganvas.repository.find("tiny"), part, "another")
    assert client.head(f"{SAMPLE}?seed=1").headers["etag"] != before


def test_another_digest_makes_another_etag(tmp_path, serve):
    for version in (1, 2):
        builders.write_package(tmp_path, "tiny", version, seed=version)
    with serve(tmp_path) as client:
        tags = {client.head(f"/v1/models/tiny@{version}/sample?seed=1").headers["etag"] for version in (1, 2)}
        assert len(tags) == 2
        assert client.head(f"{SAMPLE}?seed=1").headers["etag"] in tags


def test_a_pinned_version_is_immutable_and_a_bare_name_is_not(client):
    assert "immutable" in client.get("/v1/models/tiny@1/sample?seed=1").headers["cache-control"]
    bare = client.get(f"{SAMPLE}?seed=1").headers["cache-control"]
    assert "immutable" not in bare
    assert "public" in bare


def test_without_a_seed_nothing_is_stored(client):
    response = client.get("/v1/models/tiny@1/sample")
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    assert client.get("/v1/models/tiny@1/sample").headers["x-seed"] != response.headers["x-seed"]


@pytest.mark.parametrize("query", ["", "?seed=3", "?seed=3&n=4&format=zip"])
def test_a_head_has_the_headers_of_a_get(client, query):
    head, got = client.head(SAMPLE + query), client.get(SAMPLE + query)
    assert head.status_code == 200
    for name in ("content-type", "cache-control", "etag", "vary", "x-model"):
        assert head.headers.get(name) == got.headers.get(name)


def test_responses_vary_by_accept(client):
    assert client.get(f"{SAMPLE}?seed=1").headers["vary"] == "Accept"


@pytest.mark.parametrize(
    "query",
    [
        "seed=-1", "seed=9223372036854775808", "seed=1.5", "seed=x", "seed=", "seed=+1", "seed=1e3", "seed=%D9%A1",
        f"seed={'9' * 5000}", "seed=9223372036854775807&n=2", "n=0", "n=-1", "n=1.5", "n=65", "n=1000000000", "n=true",
        "truncation=0", "truncation=2", "truncation=nan", "truncation=inf", "truncation=", "truncation=1e-1",
        "columns=0", "columns=2", "columns=x", "class=0", "format=bmp", "format=", "seeds=1", "unknown=1", "Seed=1",
    ],
)  # fmt: skip
def test_a_bad_query_is_refused(client, query):
    assert_problem(client.get(f"{SAMPLE}?{query}"), 422)
