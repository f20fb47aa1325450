import json
import os

import pytest

from tests import builders
from tests.conftest import assert_problem


def test_alive_and_ready(client):
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/metrics", "/v1/models", "/v1/models/tiny", "/v1/models/tiny/preview"]
)
def test_a_head_request_is_handled_like_a_get(client, path):
    head, got = client.head(path), client.get(path)
    assert head.status_code == got.status_code == 200
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_unknown_query_parameters_are_refused(client, path):
    assert_problem(client.get(f"{path}?verbose=1"), 422)


def test_without_a_package_the_service_is_alive_but_not_ready(tmp_path, serve):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with serve(folder) as client:
            assert client.get("/livez").status_code == 200
            response = client.get("/readyz")
            assert_problem(response, 503, "not-ready")
            assert int(response.headers["retry-after"]) >= 1


def test_every_wanted_name_has_to_be_served(models, serve):
    with serve(models, models=("tiny", "colour")) as client:
        assert client.get("/readyz").status_code == 200
        assert [card["name"] for card in client.get("/v1/models").json()["models"]] == ["colour", "tiny"]
        assert_problem(client.get("/v1/models/classes"), 404)
    with serve(models, models=("tiny", "absent")) as client:
        assert "absent" in assert_problem(client.get("/readyz"), 503, "not-ready")["detail"]
        assert client.get("/v1/models/tiny/sample?seed=1").status_code == 200


def test_a_broken_package_changes_readiness_only_if_nothing_of_its_name_is_left(tmp_path, serve):
    builders.write_package(tmp_path, "tiny", 1)
    (builders.write_package(tmp_path, "tiny", 2) / "generator.onnx").write_bytes(b"")
    (builders.write_package(tmp_path, "broken", 1) / "generator.onnx").write_bytes(b"")
    with serve(tmp_path) as client:
        assert client.get("/readyz").status_code == 200
    with serve(tmp_path, models=("tiny",)) as client:
        assert client.get("/readyz").status_code == 200
    with serve(tmp_path, models=("broken",)) as client:
        assert_problem(client.get("/readyz"), 503, "not-ready")


def test_while_the_models_are_being_opened_calls_are_refused_with_a_delay(models, serve):
    with serve(models) as client:
        client.app.state.ganvas.repository._scanned = False
        client.app.state.ganvas.repository._served.clear()
        for path in ("/readyz", "/v1/models/tiny", "/v1/models/tiny/sample?seed=1"):
            assert_problem(client.get(path), 503, "not-ready")


def test_a_draining_service_fails_its_readiness_first_and_still_responds(models, serve):
    with serve(models) as client:
        client.app.state.ganvas.draining = True
        response = client.get("/readyz")
        assert_problem(response, 503, "draining")
        assert "retry-after" in response.headers
        assert client.get("/livez").status_code == 200
        assert client.get("/v1/models/tiny/sample?seed=1").status_code == 200
        client.app.state.ganvas.closing = True
        assert_problem(client.get("/v1/models/tiny/sample?seed=1"), 503, "draining")


def test_one_worker_that_is_not_ready_makes_the_service_not_ready(models, serve, tmp_path):
    def report(is_ready):
        draft = tmp_path / "draft"
        draft.write_text(json.dumps({"ready": is_ready, "verified": {}}))
        draft.replace(tmp_path / f"{os.getppid()}.state")  # a process that lives, in the place of another worker

    with serve(models, shared_dir=tmp_path) as client:
        for path in ("/readyz", "/v2/health/ready"):
            report(False)
            assert client.get(path).status_code == 503
            report(True)
            assert client.get(path).status_code == 200
        report(False)
        assert "another worker" in assert_problem(client.get("/readyz"), 503, "not-ready")["detail"]
        assert client.get("/v1/models/tiny/sample?seed=1").status_code == 200


def test_metrics_are_prometheus_text(tmp_path, serve):
    builders.write_package(tmp_path, "tiny")
    with serve(tmp_path) as client:
        client.get("/v1/models/tiny/sample?seed=1&n=5")
        client.post("/v1/models/tiny/discriminate", content=builders.image_file())
        client.get("/v1/models/nobody/sample")
        client.get("/made/up/by/a/client")
        response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = response.text.splitlines()
    for line in (
        'ganvas_model_served{model="tiny@1"} 1.0',
        'ganvas_batch_rows_sum{model="tiny@1",network="generator"} 5.0',
        'ganvas_batch_rows_count{model="tiny@1",network="generator"} 1.0',
        'ganvas_batch_rows_sum{model="tiny@1",network="discriminator"} 1.0',
        'ganvas_waiting_rows{model="tiny@1",network="generator"} 0.0',
        'ganvas_phase_seconds_count{model="tiny@1",phase="encode"} 1.0',
        'ganvas_phase_seconds_count{model="tiny@1",phase="infer"} 2.0',
        'ganvas_request_seconds_count{method="GET",route="/v1/models/{model}/sample",status="200"} 1.0',
        'ganvas_request_seconds_count{method="GET",route="/v1/models/{model}/sample",status="404"} 1.0',
        'ganvas_request_seconds_count{method="GET",route="unmatched",status="404"} 1.0',
        'ganvas_refusals_total{reason="model-not-found"} 1.0',
    ):
        assert line in lines, line
    assert "made/up" not in response.text
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)
