import re
import threading
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from service.inference import gpu
from service.inference.engine import CUDA, TENSORRT


@pytest.fixture(autouse=True)
def _asked_anew():
    gpu.why_not.cache_clear()
    yield
    gpu.why_not.cache_clear()


def driver(code=0, devices=1):
    def count(found):
        found._obj.value = devices
        return 0

    return SimpleNamespace(cuInit=lambda _flags: code, cuDeviceGetCount=count)


@pytest.fixture
def with_driver(monkeypatch):
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda _name: driver())


class Fake:
    """onnxruntime's session: the providers that started, and what it computes."""

    started = (CUDA, "CPUExecutionProvider")
    factor = 2

    def __init__(self, model, providers, enable_fallback):
        assert enable_fallback == 0
        self.asked = providers

    def get_providers(self):
        return list(self.started)

    def run(self, names, inputs):
        return [inputs["x"] * self.factor]


def test_everything_is_done_by_one_thread_whoever_calls():
    names = []

    def caller():
        names.append(gpu.call(lambda: threading.current_thread().name))

    callers = [threading.Thread(target=caller) for _ in range(4)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    assert len(names) == 4
    assert len(set(names)) == 1
    assert names[0] != threading.current_thread().name


def test_work_that_nobody_waits_for_is_done_in_its_turn():
    done = threading.Event()
    gpu.later(done.set)
    assert done.wait(10)


def test_what_the_work_raises_reaches_its_caller():
    with pytest.raises(ZeroDivisionError):
        gpu.call(lambda: 1 // 0)


def test_the_graph_that_is_tried_doubles():
    session = onnxruntime.InferenceSession(gpu._DOUBLE, providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {"x": np.array([1, -3], np.float32)})
    np.testing.assert_array_equal(made, [2, -6])


def test_without_a_driver_nothing_is_tried(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr(gpu.ctypes, "CDLL", missing)
    monkeypatch.setattr(gpu.ort, "InferenceSession", None)
    assert "there is no NVIDIA driver" in gpu.why_not(CUDA)


@pytest.mark.parametrize(("code", "devices", "says"), [(100, 0, "CUDA error 100"), (0, 0, "sees no GPU")])
def test_a_driver_without_a_gpu_reports_it(monkeypatch, code, devices, says):
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda _name: driver(code, devices))
    monkeypatch.setattr(gpu.ort, "InferenceSession", None)
    assert says in gpu.why_not(CUDA)


def test_a_gpu_that_computes_starts(monkeypatch, with_driver):
    monkeypatch.setattr(gpu.ort, "InferenceSession", Fake)
    assert gpu.why_not(CUDA) is None


def test_tensorrt_is_requested_with_cuda_behind_it(monkeypatch, with_driver):
    made = []
    monkeypatch.setattr(gpu.ort, "InferenceSession", lambda *args, **kw: made.append(Fake(*args, **kw)) or made[-1])
    assert "does not start it" in gpu.why_not(TENSORRT)
    assert made[0].asked == [TENSORRT, CUDA]


@pytest.mark.parametrize(
    ("attribute", "value", "says"),
    [
        ("started", ("CPUExecutionProvider",), "ONNX Runtime does not start it"),
        ("factor", 3, "it computes 1 . 1 wrong"),
        ("run", lambda *_: (_ for _ in ()).throw(RuntimeError("no kernel image\nat line 7")), "^no kernel image$"),
    ],
)
def test_a_session_that_does_not_compute_on_it_is_no_gpu(monkeypatch, with_driver, attribute, value, says):
    monkeypatch.setattr(gpu.ort, "InferenceSession", type("Broken", (Fake,), {attribute: value}))
    reason = gpu.why_not(CUDA)
    assert reason is not None
    assert re.search(says, reason)


def test_of_a_long_message_cuda_s_own_words_are_the_reason():
    text = (
        "/src/cuda_call.cc:129 [with ERRTYPE = cudaError] CUDA failure 35: CUDA driver version is insufficient for "
        "CUDA runtime version ; GPU=-1 ; hostname=somewhere ; line=355\nat line 7"
    )
    expected = "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version"
    assert gpu._reason(RuntimeError(text)) == expected
    assert gpu._reason(RuntimeError()) == "RuntimeError"


def test_a_library_that_is_missing_is_the_reason_and_nothing_is_printed(monkeypatch, with_driver, capsys):
    def preload():
        print("Failed to load libcublasLt.so.13: no such file")
        print("Please follow the installation")

    monkeypatch.setattr(gpu.ort, "preload_dlls", preload)
    monkeypatch.setattr(gpu.ort, "InferenceSession", type("Broken", (Fake,), {"started": ("CPUExecutionProvider",)}))
    assert gpu.why_not(CUDA) == "Failed to load libcublasLt.so.13: no such file"
    assert capsys.readouterr().out == ""


def test_a_gpu_is_tried_once_a_process(monkeypatch):
    tried = []
    monkeypatch.setattr(gpu, "_without_driver", lambda: tried.append(1) or "there is none")
    assert [gpu.why_not(CUDA), gpu.why_not(CUDA)] == ["there is none"] * 2
    assert tried == [1]
