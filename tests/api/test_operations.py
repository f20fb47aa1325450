"""Seen from outside: times that add up, traces, and examples on the OpenAPI page."""

import http.server
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.telemetry import tracing
from tests import builders
from tests.waiting import wait_until


def times(response) -> dict[str, float]:
    parts = (part.split(";dur=") for part in response.headers["server-timing"].split(", "))
    return {name: float(value) for name, value in parts}


@pytest.mark.parametrize(("form", "n"), [("png", 1), ("npy", 5), ("json", 6)])
def test_in_responses_above_20_ms_the_phases_add_up_to_the_total(tmp_path, serve, form, n):
    builders.write_package(tmp_path, "tiny", generator=builders.slow_graph(3000), discriminator=None)
    with serve(tmp_path, max_batch_size=4) as client:
        shares = []
        for seed in range(5):
            found = times(client.get(f"/v1/models/tiny/sample?seed={100 * seed}&n={n}&format={form}"))
            total = found.pop("total")
            assert set(found) == {"queue", "infer", "encode"}
            assert total > 20
            shares.append(sum(found.values()) / total)
    assert 0.95 <= sorted(shares)[2] <= 1.001  # the median: a busy machine may stop a request between two phases


def test_the_phases_of_a_translation_add_up_too(models, serve):
    with serve(models, tile_px=64) as client:
        raw = builders.image_file(400, 300)
        shares = []
        for _ in range(5):
            found = times(client.post("/v1/models/stylish/translate", content=raw))
            total = found.pop("total")
            assert set(found) == {"decode", "queue", "infer", "encode"}
            shares.append(sum(found.values()) / total)
    assert 0.95 <= sorted(shares)[2] <= 1.001


PICTURE_PHASES = {"queue", "infer", "encode", "total"}
BODIES = {
    "sample": {"n": 2},
    "interpolate": {"from": {"seed": 1}, "to": {"seed": 2}},
    "arithmetic": {"terms": [{"latents": [{"seed": 1}]}]},
}


@pytest.mark.parametrize("call", BODIES)
@pytest.mark.parametrize("form", ["png", "webp", "zip", "json", "npy"])
def test_every_response_with_images_names_its_model_its_seeds_and_its_times(client, call, form):
    response = client.post(f"/v1/models/tiny/{call}?format={form}", json=BODIES[call])
    assert response.headers["x-model"] == "tiny@1"
    assert response.headers["x-seed"]
    assert set(times(response)) == PICTURE_PHASES


def test_other_protocols_and_reproduced_files_report_their_times_too(client):
    raw = client.get("/v1/models/tiny/sample?seed=1").content
    row = {"name": "latents", "shape": [1, 8], "datatype": "FP32", "data": [0.0] * 8}
    for response, phases in (
        (client.post("/v1/reproduce", content=raw), PICTURE_PHASES),
        (client.post("/v1/images/generations", json={"model": "tiny"}), PICTURE_PHASES),
        (client.post("/v2/models/tiny/infer", json={"inputs": [row]}), PICTURE_PHASES | {"decode"}),
    ):
        assert response.headers["x-model"].endswith("@1")
        assert set(times(response)) == phases


@pytest.mark.parametrize("call", ["discriminate", "encode"])
def test_the_phases_of_a_discrimination_and_of_an_encoding_add_up(client, call):
    raw = builders.image_file(3000, 3000, form="JPEG")
    shares = []
    for _ in range(5):
        found = times(client.post(f"/v1/models/colour/{call}", content=raw))
        total = found.pop("total")
        assert total > 20
        shares.append(sum(found.values()) / total)
    assert 0.95 <= sorted(shares)[2] <= 1.001


def test_requests_that_share_an_inference_have_times_that_add_up(tmp_path, serve):
    builders.write_package(tmp_path, "tiny", generator=builders.slow_graph(6000), discriminator=None)
    with serve(tmp_path) as client, ThreadPoolExecutor(4) as clients:
        for response in clients.map(lambda _: client.get("/v1/models/tiny/sample?seed=1"), range(4)):
            found = times(response)
            assert sum(found.values()) - found["total"] <= found["total"] * 1.001


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
    ],
)
def test_traces_are_made_if_the_environment_enables_them(monkeypatch, variables, wanted):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert tracing.is_wanted() is wanted


def test_a_request_becomes_a_span_at_the_collector(client, monkeypatch):
    pytest.importorskip("opentelemetry.sdk")
    received = []

    class Collector(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
        traced = tracing.traced(client.app)
        scope = {
            "type": "http", "method": "GET", "path": "/livez", "raw_path": b"/livez", "query_string": b"",
            "headers": [], "http_version": "1.1", "scheme": "http", "server": ("host", 80), "client": ("127.0.0.1", 1),
            "root_path": "",
        }  # fmt: skip

        async def traced_status():
            sent = []

            async def receive():
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message):
                sent.append(message)

            await traced(scope, receive, send)
            return sent[0]["status"]

        assert client.portal.call(traced_status) == 200
        wait_until(lambda: received)
        collector.shutdown()
    (path, body), *_ = received
    assert path == "/v1/traces"
    assert b"ganvas" in body
    assert b"livez" in body


def test_without_the_extra_a_request_for_traces_is_logged(monkeypatch, caplog, client):
    import builtins

    original = builtins.__import__

    def without(name, *rest, **others):
        if name.startswith("opentelemetry"):
            raise ImportError
        return original(name, *rest, **others)

    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    monkeypatch.setattr(builtins, "__import__", without)
    with caplog.at_level(logging.WARNING):
        assert tracing.traced(client.app) is client.app
    assert "pip install --editable '.[otel]'" in caplog.text


def test_every_call_and_every_error_of_the_page_has_an_example(client):
    page = client.get("/openapi.json").json()
    for path, calls in page["paths"].items():
        for method, call in calls.items():
            for status, response in call["responses"].items():
                if int(status) >= 400:
                    for content in response["content"].values():
                        assert content["examples"], (path, method, status)
                    assert (status in ("401", "429", "503")) == ("headers" in response), (path, method, status)
            for parameter in call.get("parameters", []):
                if parameter["in"] == "path":
                    assert "example" in parameter or parameter["schema"].get("examples"), (path, parameter["name"])
            for kind, content in call.get("requestBody", {}).get("content", {}).items():
                if kind == "application/json":
                    name = content["schema"]["$ref"].rpartition("/")[2]
                    assert page["components"]["schemas"][name]["examples"], path


def test_every_json_response_of_a_model_is_described_with_an_example(client):
    """The page shows a new user what to read from a response, and what to send back."""
    page = client.get("/openapi.json").json()
    described = page["components"]["schemas"]
    for path, calls in page["paths"].items():
        for method, call in calls.items():
            content = call["responses"]["200"].get("content", {}).get("application/json")
            if content is None or path.startswith("/v2/") or path in ("/v2", "/livez", "/readyz"):
                continue
            assert described[content["schema"]["$ref"].rpartition("/")[2]]["examples"], (method, path)
    assert set(described["Images"]["properties"]) == {"model", "images"}
    assert set(described["ResponseImage"]["properties"]) == {"seed", "latent", "class", "content_type", "data"}
    response = page["paths"]["/v2/models/{model}/infer"]["post"]["responses"]["200"]["content"]["application/json"]
    assert response["schema"]["$ref"].endswith("/InferAnswer")


@pytest.mark.parametrize(
    ("path", "method", "names"),
    [
        ("/v1/models/{model}/sample", "get", {"X-Model", "X-Seed", "Server-Timing", "ETag", "Cache-Control"}),
        ("/v1/models/{model}/translate", "post", {"X-Model", "Server-Timing", "X-Cycle-Error"}),
        ("/v1/models/{model}/encode", "post", {"X-Model", "Server-Timing"}),
    ],
)
def test_the_page_names_the_headers_of_responses(client, path, method, names):
    response = client.get("/openapi.json").json()["paths"][path][method]["responses"]["200"]
    assert set(response["headers"]) == names


def test_the_page_states_the_limits_as_they_are_set(models, serve):
    with serve(models, max_images=7, deadline_s=2.5) as client:
        about = client.get("/openapi.json").json()["info"]["description"]
    assert "ask for 7 images" in " ".join(about.split())
    assert "take 2.5 s" in about
