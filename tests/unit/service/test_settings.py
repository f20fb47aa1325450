import os
from concurrent.futures import Future
from pathlib import Path

import pytest
from pydantic import ValidationError

from service import __main__ as command
from service import settings
from service.inference.engine import CUDA, ONNXRUNTIME, EngineSpec
from service.server import sizing
from service.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in os.environ:
        if name.startswith("GANVAS_"):
            monkeypatch.delenv(name)


def test_the_defaults_are_the_contract_s():
    chosen = Settings()
    assert (chosen.max_images, chosen.max_body_bytes, chosen.max_upload_bytes) == (64, 2**20, 10 * 2**20)
    assert (chosen.max_uploads_bytes, chosen.max_image_pixels, chosen.deadline_s) == (256 * 2**20, 16_000_000, 30.0)
    assert (chosen.max_queue_rows, chosen.max_queue_bytes) == (256, 256_000_000)
    assert (chosen.port, chosen.models) == (8000, ())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("port", "9000", 9000), ("models", "a, b,,c", ("a", "b", "c")), ("models", "", ()),
        ("models_dir", "/x", Path("/x")),
        ("max_images", "7", 7), ("deadline_s", "0.5", 0.5), ("log_level", "DEBUG", "DEBUG"),
    ],
)  # fmt: skip
def test_every_setting_is_an_environment_variable(monkeypatch, name, text, value):
    monkeypatch.setenv(f"GANVAS_{name.upper()}", text)
    assert getattr(Settings(), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "70000"),
        ("port", "x"),
        ("max_images", "0"),
        ("deadline_s", "0"),
        ("log_level", "LOUD"),
        ("max_images", "5000"),
    ],
)
def test_a_wrong_setting_is_refused_by_its_name(monkeypatch, capsys, name, text):
    monkeypatch.setenv(f"GANVAS_{name.upper()}", text)
    with pytest.raises(ValidationError):
        Settings()
    monkeypatch.setattr("sys.argv", ["service"])
    assert command.main() == 2
    assert f"GANVAS_{name.upper()}" in capsys.readouterr().err


def test_help_lists_every_setting(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["service", "--help"])
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for name, field in Settings.model_fields.items():
        assert f"GANVAS_{name.upper()}" in text
        assert field.description in text


def test_settings_do_not_change():
    with pytest.raises(ValidationError):
        Settings().port = 1


def test_a_network_has_a_thread_a_core_in_each_worker(monkeypatch):
    monkeypatch.setattr(settings, "available_cores", lambda: 8)
    assert Settings().execution().threads == 8
    assert Settings(workers=3).execution().threads == 8
    assert Settings(threads=5).execution().threads == 5


@pytest.mark.parametrize(("cores", "given", "instances"), [(1, 0, 1), (2, 0, 2), (16, 0, 4), (16, 7, 7)])
def test_a_core_each_runs_a_batch_of_its_own_up_to_four(monkeypatch, cores, given, instances):
    monkeypatch.setattr(settings, "available_cores", lambda: cores)
    assert Settings(instances=given).execution().instances == instances


@pytest.mark.parametrize(("threads", "instances", "crowd"), [(2, 2, 1), (1, 2, 1), (24, 4, 6), (2, 1, 2)])
def test_batches_side_by_side_divide_the_threads(threads, instances, crowd):
    assert Settings(threads=threads, instances=instances).execution().shared_threads == crowd


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "1e9"])
@pytest.mark.parametrize("name", ["GANVAS_DEADLINE_S", "GANVAS_DRAIN_S"])
def test_times_are_finite(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        Settings()


def test_a_mistyped_variable_is_found(monkeypatch):
    monkeypatch.setenv("GANVAS_MODEL", "x")
    monkeypatch.setenv("GANVAS_MODELS", "x")
    assert settings.unknown_variables() == ["GANVAS_MODEL"]


SERVICE_LINKS = {  # of a Kubernetes Service with the name ganvas, and of one with the name ganvas-workers
    "GANVAS_SERVICE_HOST": "10.96.0.7",
    "GANVAS_SERVICE_PORT": "80",
    "GANVAS_SERVICE_PORT_HTTP": "80",
    "GANVAS_PORT": "tcp://10.96.0.7:80",
    "GANVAS_PORT_80_TCP": "tcp://10.96.0.7:80",
    "GANVAS_PORT_80_TCP_PROTO": "tcp",
    "GANVAS_PORT_80_TCP_PORT": "80",
    "GANVAS_PORT_80_TCP_ADDR": "10.96.0.7",
    "GANVAS_PORT_53_UDP": "udp://[fd00::7]:53",
    "GANVAS_WORKERS_SERVICE_HOST": "10.96.0.8",
    "GANVAS_WORKERS_PORT": "tcp://10.96.0.8:80",
    "GANVAS_WORKERS_PORT_80_TCP_ADDR": "10.96.0.8",
}


def test_service_links_of_kubernetes_are_ignored(monkeypatch):
    for name, value in SERVICE_LINKS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GANVAS_MODEL", "x")
    assert Settings().port == 8000
    assert Settings(port=9000).port == 9000
    assert settings.service_links() == sorted(SERVICE_LINKS)
    assert settings.unknown_variables() == ["GANVAS_MODEL"]


@pytest.mark.parametrize("value", ["http://10.96.0.7:80", "80a", "//10.96.0.7:80", "10.96.0.7:80"])
def test_other_values_of_the_port_are_refused(monkeypatch, value):
    monkeypatch.setenv("GANVAS_PORT", value)
    assert settings.service_links() == []
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(("name", "text"), [("engine", "tpu"), ("precision", "float8"), ("any_batch", "perhaps")])
def test_engines_and_precisions_are_of_a_closed_list(monkeypatch, name, text):
    monkeypatch.setenv(f"GANVAS_{name.upper()}", text)
    with pytest.raises(ValidationError):
        Settings()


def test_an_engine_that_is_not_there_stops_the_start_with_its_name(monkeypatch, capsys):
    monkeypatch.setattr("service.inference.session.ort.get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setenv("GANVAS_ENGINE", "openvino")
    monkeypatch.setattr("sys.argv", ["service"])
    assert command.main() == 2
    assert "GANVAS_ENGINE: openvino is not installed" in capsys.readouterr().err


@pytest.fixture
def started(monkeypatch):
    """What the command starts, and where it asked for the spec of engine."""
    seen = {"spec": ONNXRUNTIME, "asked": [], "environ": None}

    class Elsewhere:
        def __init__(self, *_):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def submit(self, work, *args):
            seen["asked"].append("elsewhere")
            future = Future()
            future.set_result(seen["spec"])
            return future

    def here(_choice):
        seen["asked"].append("here")
        return seen["spec"]

    def several(settings, _work):
        seen["workers"], seen["environ"] = sizing.worker_count(settings), os.environ.get("GANVAS_ENGINE")
        return 0

    monkeypatch.setattr("sys.argv", ["service"])
    monkeypatch.setenv("GANVAS_ENGINE", "auto")  # so that it is put back
    monkeypatch.setattr(sizing, "available_cores", lambda: 4)
    monkeypatch.setattr(command.logs, "configure", lambda _level: None)
    monkeypatch.setattr(command, "ProcessPoolExecutor", Elsewhere)
    monkeypatch.setattr(command.session, "resolve_engine", here)
    monkeypatch.setattr(command.session.ort, "get_available_providers", lambda: [CUDA, "CPUExecutionProvider"])
    monkeypatch.setattr(command.supervisor, "serve", several)
    monkeypatch.setattr(
        command.server, "serve_one", lambda settings: seen.update(workers=sizing.worker_count(settings)) or 0
    )
    return seen


def test_if_a_gpu_generates_one_process_serves_and_it_is_the_one_that_started_it(started):
    started["spec"] = EngineSpec("onnxruntime-cuda", "float32", (8,))
    assert command.main() == 0
    assert (started["workers"], started["asked"]) == (1, ["here"])


def test_workers_that_were_requested_are_started_on_a_gpu_too_and_it_is_tried_in_a_process_that_ends(
    started, monkeypatch
):
    started["spec"] = EngineSpec("onnxruntime-cuda", "float32", (8,))
    monkeypatch.setenv("GANVAS_WORKERS", "2")
    assert command.main() == 0
    assert (started["workers"], started["asked"], started["environ"]) == (2, ["elsewhere"], "auto")


@pytest.mark.parametrize(("asked", "workers", "where"), [("0", 4, "here"), ("3", 3, "elsewhere")])
def test_without_a_gpu_a_core_each_has_a_worker_and_none_tries_again(started, monkeypatch, asked, workers, where):
    monkeypatch.setenv("GANVAS_WORKERS", asked)
    assert command.main() == 0
    assert (started["workers"], started["asked"], started["environ"]) == (workers, [where], "onnxruntime")


def test_without_the_extra_gpu_no_process_is_started_to_try(started, monkeypatch):
    monkeypatch.setattr(command.session.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setenv("GANVAS_WORKERS", "2")
    assert command.main() == 0
    assert started["asked"] == ["here"]


@pytest.mark.parametrize("engine", ["cuda", "tensorrt"])
def test_a_gpu_that_was_requested_and_does_not_start_is_one_sentence(monkeypatch, capsys, engine):
    providers = [CUDA, "TensorrtExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr("service.inference.session.ort.get_available_providers", lambda: providers)
    monkeypatch.setattr("service.inference.session.gpu.why_not", lambda _provider: "there is no driver")
    monkeypatch.setattr(command.logs, "configure", lambda _level: None)
    monkeypatch.setenv("GANVAS_ENGINE", engine)
    monkeypatch.setattr("sys.argv", ["service"])
    assert command.main() == 2
    assert capsys.readouterr().err == f"error: GANVAS_ENGINE: {engine} cannot start: there is no driver\n"
