import json
import time

import pytest

from tests import builders
from tests.conftest import assert_problem

SAMPLE = "/v1/models/tiny/sample"


@pytest.fixture(scope="module")
def fragile(tmp_path_factory):
    """A package whose engine fails on latents of 100 and more."""
    folder = tmp_path_factory.mktemp("fragile")
    builders.write_package(folder, "fragile", generator=builders.fragile_graph())
    return folder


@pytest.mark.parametrize(
    "path", ["/nothing", "/v1", "/v1/health", "/v1/models/tiny/nothing", "/v1/models/tiny/paint", "/%00"]
)
def test_unknown_paths_are_problem_documents(client, path):
    document = assert_problem(client.get(path), 404)
    assert document["instance"] == path.replace("%00", "\x00")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        (SAMPLE, {"GET", "HEAD", "POST"}),
        ("/v1/models/tiny/interpolate", {"POST"}),
        ("/v1/models/tiny/arithmetic", {"POST"}),
        ("/v1/models/tiny/discriminate", {"POST"}),
        ("/v1/models/darker/translate", {"POST"}),
        ("/v1/models/colour/encode", {"POST"}),
        ("/v1/reproduce", {"POST"}),
        ("/v1/models", {"GET", "HEAD"}),
        ("/v1/models/tiny", {"GET", "HEAD"}),
        ("/v1/models/tiny/preview", {"GET", "HEAD"}),
        ("/livez", {"GET", "HEAD"}),
        ("/readyz", {"GET", "HEAD"}),
        ("/metrics", {"GET", "HEAD"}),
        ("/", {"GET", "HEAD"}),
        ("/docs", {"GET", "HEAD"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "POST", "GET"])
def test_a_wrong_method_gets_every_method_of_the_path(client, path, methods, method):
    if method in methods:
        assert client.request(method, path).status_code != 405
        return
    response = client.request(method, path)
    assert_problem(response, 405)
    assert set(response.headers["allow"].split(", ")) == methods


def test_a_problem_has_the_members_of_rfc_9457(client):
    document = assert_problem(client.post(SAMPLE, json={"n": 0}), 422, "invalid")
    assert set(document) == {"type", "title", "status", "detail", "instance", "errors"}
    assert document["instance"] == SAMPLE
    assert document["errors"] == [{"field": "n", "detail": document["errors"][0]["detail"]}]


@pytest.mark.parametrize(
    "accept", ["text/html", "image/png;q=0", "*/*;q=0", "image/gif", "video/*", "image/*;q=0, text/*"]
)
def test_no_acceptable_format_is_406(client, accept):
    assert_problem(client.get(f"{SAMPLE}?seed=1", headers={"Accept": accept}), 406, "not-acceptable")


@pytest.mark.parametrize(
    "accept",
    ["image", "image/", "/png", "*/png", "image/png;q=2", "image/png;q=x", "image/png;", "é", "image/png image/gif"],
)
def test_an_accept_header_that_does_not_parse_is_400(client, accept):
    response = client.get(f"{SAMPLE}?seed=1", headers={"Accept": accept.encode("latin-1")})
    assert_problem(response, 400, "malformed")


@pytest.mark.parametrize(
    "accept", [',"' * 1999, ",a" * 2000, "a/b;" + " " * 4000, 'a/b;c="' + '\\"' * 1900, "image/png," * 5000]
)
def test_a_monstrous_accept_header_is_refused_at_once(client, accept):
    started = time.process_time()
    response = client.get(f"{SAMPLE}?seed=1", headers={"Accept": accept})
    assert_problem(response, 400, "malformed")
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "image/png"), ("", "image/png"), ("image/*", "image/png"), ("application/*", "application/zip"),
        ("image/webp", "image/webp"), ("image/webp, image/jpeg", "image/jpeg"), ("IMAGE/JPEG", "image/jpeg"),
        ("image/jpeg;q=0.5, image/webp;q=0.8", "image/webp"), ("image/*;q=0.9, application/json", "application/json"),
        ("image/png;q=0, image/*", "image/jpeg"), ("text/html, image/webp;q=0.1, */*;q=0.05", "image/webp"),
        ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", "image/webp"),
    ],
)  # fmt: skip
def test_the_response_follows_accept(client, accept, kind):
    assert client.get(f"{SAMPLE}?seed=1", headers={"Accept": accept}).headers["content-type"] == kind
    assert client.post(SAMPLE, json={}, headers={"Accept": accept}).headers["content-type"] == kind


def test_two_accept_headers_count_as_one(client):
    headers = [("Accept", "text/html"), ("Accept", "image/webp")]
    assert client.get(f"{SAMPLE}?seed=1", headers=headers).headers["content-type"] == "image/webp"


@pytest.mark.parametrize("accept", ["image/png", "text/html", "nonsense"])
def test_format_outranks_accept(client, accept):
    response = client.get(f"{SAMPLE}?seed=1&format=webp", headers={"Accept": accept})
    assert response.headers["content-type"] == "image/webp"


@pytest.mark.parametrize("form", ["gif", "apng"])
def test_images_that_are_not_frames_do_not_animate(client, form):
    assert_problem(client.get(f"{SAMPLE}?seed=1&format={form}"), 406)


def test_the_request_id_is_taken_or_made(client):
    for path in ("/livez", "/nothing", f"{SAMPLE}?seed=-1"):
        for given in ("my-id.1", "x" * 64):
            assert client.get(path, headers={"X-Request-ID": given}).headers["x-request-id"] == given
        assert client.get(path).headers["x-request-id"] != client.get(path).headers["x-request-id"]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "<script>", "é", "a,b"])
def test_an_unsafe_request_id_is_replaced(client, given):
    made = client.get("/livez", headers={"X-Request-ID": given.encode("latin-1")}).headers["x-request-id"]
    assert made != given
    assert len(made) == 32


@pytest.mark.parametrize("host", ["[", "[::1", "a b", "x" * 5000, "", "é", "example.org:99999999", "a/b?c#d"])
def test_a_strange_host_header_is_no_fault(client, host):
    for path in ("/livez", "/nothing", f"{SAMPLE}?seed=-1", "/v1/models/", "/"):
        response = client.get(path, headers={"Host": host.encode("latin-1")}, follow_redirects=False)
        assert response.status_code < 500, response.text


def test_a_failing_engine_is_500_and_reveals_nothing_of_the_inside(fragile, serve, caplog):
    with serve(fragile) as client:
        response = client.post("/v1/models/fragile/sample", json={"latents": [{"vector": [1000.0] * 8}]})
        document = assert_problem(response, 500, "internal")
        assert "Gather" not in response.text
        assert "onnx" not in response.text.lower()
        assert response.headers["x-request-id"]
        assert document["instance"] == "/v1/models/fragile/sample"
        assert "Gather" in caplog.text
        assert client.get("/v1/models/fragile/sample?seed=1").status_code == 200


def test_a_failing_row_does_not_fail_the_requests_beside_it(fragile, serve):
    from concurrent.futures import ThreadPoolExecutor

    bodies = [{"latents": [{"vector": [1000.0] * 8}]} if n % 4 == 0 else {"seeds": [n]} for n in range(64)]
    with serve(fragile) as client, ThreadPoolExecutor(32) as clients:
        responses = clients.map(lambda body: client.post("/v1/models/fragile/sample", json=body).status_code, bodies)
        assert list(responses) == [500 if n % 4 == 0 else 200 for n in range(64)]


def test_a_fault_of_our_own_is_a_problem_document_too(models, serve, caplog):
    with serve(models) as client:
        client.app.state.ganvas.repository.find = None
        response = client.get("/v1/models/tiny")
        assert_problem(response, 500, "internal")
        assert "NoneType" not in response.text
        assert "NoneType" in caplog.text
        assert response.headers["x-request-id"]


def test_no_refused_request_leaves_its_mark_on_the_next(client):
    before = client.get(f"{SAMPLE}?seed=1").content
    for body in ({"n": 0}, {"latents": [{"vector": [1e38] * 8}]}, {"latents": [{"vector": [-3.4e38] * 8}] * 3}):
        client.post(SAMPLE, content=json.dumps(body))
    assert client.get(f"{SAMPLE}?seed=1").content == before


@pytest.mark.parametrize("path", ["/v1/models/tiny/sample?seed=1&seed=2", "/livez?a=1&a=1"])
def test_a_query_parameter_that_is_given_twice_is_refused(client, path):
    assert "more than once" in assert_problem(client.get(path), 422, "invalid")["detail"]


def test_a_slash_too_many_is_not_found_and_leads_nowhere(client):
    response = client.get("/v1/models/", headers={"Host": "evil.example"}, follow_redirects=False)
    assert_problem(response, 404, "not-found")
    assert "location" not in response.headers


def test_so_many_seeds_that_a_proxy_would_refuse_the_header_are_left_out(client):
    means = [{"latents": [{"mean": [{"seed": 2**62 + i} for i in range(count)]}]} for count in (128, 1024)]
    few, many = (client.post("/v1/models/tiny/arithmetic", json={"terms": [term]}) for term in means)
    assert few.headers["x-seed"].count(",") == 127
    assert many.status_code == 200
    assert "x-seed" not in many.headers
