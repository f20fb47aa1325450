"""Access control: keys, rates, origins, proxies, prefixes, and the security headers."""

import hmac
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urljoin

import httpx
import pytest
from starlette.testclient import TestClient

from service.http.app import create_app
from service.settings import Settings
from tests import builders
from tests.conftest import assert_problem, listening
from tests.waiting import LIMIT_S, wait_until

SAMPLE = "/v1/models/tiny/sample?seed=1"
KEYS = ("first-key", "second-key")


@pytest.fixture(scope="module")
def keyed(models):
    from tests.conftest import serving

    with serving(models, api_keys=KEYS) as client:
        yield client


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer first-key"}, {"Authorization": "bearer second-key"}, {"X-API-Key": "second-key"},
        {"Authorization": "Basic eDp5", "X-API-Key": "first-key"},
    ],
)  # fmt: skip
def test_a_key_lets_in(keyed, headers):
    assert keyed.get(SAMPLE, headers=headers).status_code == 200
    assert keyed.post("/v1/models/tiny/sample", json={}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Authorization": "Bearer"}, {"Authorization": "Bearer wrong"}, {"Authorization": "first-key"},
        {"Authorization": "Bearer first-ke"}, {"Authorization": "Bearer first-keyy"}, {"X-API-Key": ""},
        {"X-API-Key": "first-key,second-key"}, {"Authorization": b"Bearer \xe9"}, {"X-API-Key": "x" * 8000},
    ],
)  # fmt: skip
def test_without_a_valid_key_it_is_401(keyed, headers):
    for path in (SAMPLE, "/v1/models", "/metrics", "/nothing"):
        response = keyed.get(path, headers=headers)
        assert_problem(response, 401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    response = keyed.post("/v1/models/tiny/discriminate", content=builders.image_file(), headers=headers)
    assert response.status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/docs/start.js", "/docs/assets/swagger-ui.css", "/openapi.json", "/v1/models/tiny/preview",
     "/livez", "/readyz", "/v2/health/live", "/v2/health/ready"],
)  # fmt: skip
def test_some_paths_are_free_of_keys(keyed, path):
    assert keyed.get(path).status_code == 200


def test_a_refusal_has_the_form_of_its_protocol(keyed):
    assert list(keyed.get("/v2/models/tiny").json()) == ["error"]
    assert keyed.post("/v1/images/generations", json={}).json()["error"]["code"] == "unauthorized"


def test_with_keys_caching_is_private(keyed, client):
    response = keyed.get("/v1/models/tiny@1/sample?seed=1", headers={"X-API-Key": KEYS[0]})
    assert response.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert client.get("/v1/models/tiny@1/sample?seed=1").headers["cache-control"].startswith("public")


def test_keys_are_nowhere_to_be_read(keyed, caplog):
    caplog.set_level("DEBUG")
    keyed.get(SAMPLE, headers={"X-API-Key": KEYS[0]})
    assert not any(key in caplog.text for key in KEYS)
    assert not any(key in repr(Settings(api_keys=KEYS)) for key in KEYS)


@pytest.mark.parametrize("key", [*KEYS, "wrong"])
def test_every_key_is_compared_in_constant_time(keyed, monkeypatch, key):
    """Every key is compared even after a match, so that the duration reveals nothing. All digests have one length."""
    compared = []

    def compare(given, known):
        compared.append((given, known))
        return hmac.compare_digest(given, known)

    monkeypatch.setattr("service.http.middleware.access.hmac", SimpleNamespace(compare_digest=compare))
    keyed.get(SAMPLE, headers={"X-API-Key": key})
    assert len({known for _, known in compared}) == len(KEYS)
    assert {len(digest) for pair in compared for digest in pair} == {32}


def test_a_rate_is_429_with_retry_after(models, serve):
    with serve(models, rate_limit="5/hour") as client:
        statuses = [client.get(SAMPLE).status_code for _ in range(5)]
        response = client.get(SAMPLE)
        assert statuses == [200] * 5
        assert_problem(response, 429, "too-many-requests")
        assert 1 <= int(response.headers["retry-after"]) <= 3601
        assert client.get("/livez").status_code == 200


def test_the_many_files_of_the_playground_cost_no_rate(models, serve):
    with serve(models, rate_limit="2/hour") as client:
        assert {client.get("/playground/app.js").status_code for _ in range(9)} == {200}
        assert client.get("/").status_code == 200


def test_a_rate_is_over_when_its_time_is(models, serve):
    with serve(models, rate_limit="2/second") as client:
        assert client.get(SAMPLE).status_code == 200
        wait_until(lambda: client.get(SAMPLE).status_code == 429)  # as soon as three come in one second
        wait_until(lambda: client.get(SAMPLE).status_code == 200)


def test_each_key_has_its_own_rate(models, serve):
    with serve(models, rate_limit="2/hour", api_keys=KEYS) as client:
        for key in KEYS:
            statuses = [client.get(SAMPLE, headers={"X-API-Key": key}).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]


def test_so_many_requests_at_once_and_no_more(models, serve, gate):
    with serve(models, max_requests=2) as client, ThreadPoolExecutor(8) as clients, gate.closed():
        futures = [clients.submit(client.get, f"/v1/models/tiny/sample?seed={seed}") for seed in range(8)]
        wait_until(lambda: sum(future.done() for future in futures) == 6)
        gate.open()
        responses = [future.result() for future in futures]
        assert sorted(response.status_code for response in responses) == [200] * 2 + [503] * 6
        assert_problem(next(response for response in responses if response.status_code == 503), 503, "unavailable")
        assert client.get(SAMPLE).status_code == 200


# --- origins


def test_cors_is_off_until_a_setting_names_origins(client):
    response = client.get(SAMPLE, headers={"Origin": "https://a.example"})
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_named_origin_may_call_and_read_the_contract_s_headers(models, serve):
    with serve(models, cors_origins=("https://a.example",), api_keys=KEYS) as client:
        wanted = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
        preflight = client.options(
            "/v1/models/tiny/translate",
            headers=wanted | {"Access-Control-Request-Headers": "authorization, content-type"},
        )
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://a.example"
        response = client.get(SAMPLE, headers={"Origin": "https://a.example", "X-API-Key": KEYS[0]})
        exposed = set(response.headers["access-control-expose-headers"].split(", "))
        assert {"X-Model", "X-Seed", "X-Cycle-Error", "ETag", "Server-Timing"} <= exposed
        assert response.headers["access-control-allow-origin"] == "https://a.example"
        refused = client.get(SAMPLE, headers={"Origin": "https://a.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://a.example"  # so that a page can read why
        other = client.options("/v1/models/tiny/sample", headers=wanted | {"Origin": "https://b.example"})
        assert_problem(other, 400)
        assert "access-control-allow-origin" not in other.headers


# --- headers of safety, pages


@pytest.mark.parametrize(
    "path", ["/livez", SAMPLE, "/nothing", "/", "/docs", "/openapi.json", "/v1/models/tiny/sample?n=x"]
)
def test_every_response_has_the_headers_of_safety(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


def test_pages_obey_their_own_policy(client):
    home, docs = client.get("/"), client.get("/docs")
    policy = home.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert client.get("/playground/app.js").headers["content-security-policy"] == policy
    assert "<style" not in home.text
    assert re.findall(r"<script[^>]*>([^<]*)</script>", home.text) == [""]
    for page in (home, docs):
        assert not re.findall(r"<[^>]+ (?:on\w+|style)=", page.text)
    assert re.findall(r"<script[^>]*>([^<]*)</script>", docs.text) == ["", ""]
    policy = docs.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "SwaggerUIBundle(" in client.get("/docs/start.js").text
    assert client.get("/docs/start.js").headers["content-type"].startswith("text/javascript")


def test_under_a_prefix_every_link_leads_back(models):
    app = create_app(Settings(models_dir=models, root_path="/art"))
    with TestClient(app, root_path="/art") as client:
        client.portal.call(lambda: app.state.ganvas.opening)
        for page in ("/art/", "/art/docs"):
            links = re.findall(r'(?:src|href)="([^"#:]+)"', client.get(page).text)
            assert links
            for link in links:
                found = urljoin(f"http://testserver{page}", link)
                assert found.startswith("http://testserver/art/")
                assert client.get(found).status_code == 200, link
        assert client.get("/art/openapi.json").json()["servers"] == [{"url": "/art"}]
        assert client.get("/art" + SAMPLE).status_code == 200
        assert list(client.get("/art/v2/models/nobody").json()) == ["error"]
        response = client.post("/art/v1/images/generations", json={"model": "tiny", "response_format": "url"})
        assert "/art/v1/models/tiny@1/sample?seed=" in response.json()["data"][0]["url"]


def test_under_a_prefix_the_open_paths_are_open(models):
    app = create_app(Settings(models_dir=models, root_path="/art", api_keys=KEYS))
    with TestClient(app, root_path="/art") as client:
        for path in ("/", "/docs", "/playground/app.js"):
            assert client.get(f"/art{path}").status_code == 200
        assert client.get("/art/v1/models").status_code == 401


def send(port, *lines):
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
        connection.sendall("\r\n".join((*lines, "Host: t", "Connection: close", "", "")).encode())
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode("latin-1")


@pytest.mark.parametrize(("trusted", "statuses"), [((), [200, 429]), (("127.0.0.1",), [200, 200])])
def test_client_addresses_come_only_from_trusted_proxies(models, trusted, statuses):
    with listening(models, rate_limit="1/hour", trusted_proxies=trusted) as port:
        found = [send(port, f"GET {SAMPLE} HTTP/1.1", f"X-Forwarded-For: 10.0.0.{n}") for n in (1, 2)]
    assert [int(response.split()[1]) for response in found] == statuses


@pytest.mark.parametrize(("trusted", "scheme"), [((), "http"), (("127.0.0.1",), "https")])
def test_the_scheme_of_links_comes_only_from_trusted_proxies(models, trusted, scheme):
    with listening(models, trusted_proxies=trusted) as port:
        response = httpx.post(
            f"http://127.0.0.1:{port}/v1/images/generations",
            json={"model": "tiny", "response_format": "url"},
            headers={"X-Forwarded-Proto": "https"},
        )
    assert response.json()["data"][0]["url"].startswith(f"{scheme}://127.0.0.1:{port}/v1/models/tiny@1/")


def test_the_prefix_holds_on_a_real_server_too(models):
    with listening(models, root_path="/art") as port:  # a proxy has taken the prefix away
        assert '"/art/docs/start.js"' in send(port, "GET /docs HTTP/1.1")
        assert send(port, f"GET {SAMPLE} HTTP/1.1").split()[1] == "200"


def test_a_rate_that_does_not_parse_is_reported_at_the_start():
    with pytest.raises(ValueError, match="couldn't parse"):
        Settings(rate_limit="often")


def test_the_page_describes_keys_and_refusals(keyed, client):
    page = keyed.get("/openapi.json").json()
    assert set(page["components"]["securitySchemes"]) == {"bearer", "key"}
    for path, calls in page["paths"].items():
        for call in calls.values():
            free = path in ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready") or path.endswith("/preview")
            assert ("security" in call) != free, path
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]
    for call in client.get("/openapi.json").json()["paths"]["/v1/models/{model}/sample"].values():
        assert {"401", "429", "503"} <= set(call["responses"])
