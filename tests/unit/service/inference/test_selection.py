from pathlib import Path

import pytest

from service.inference.engine import CUDA, ONNXRUNTIME, OPENVINO, TENSORRT, EngineSpec
from service.inference.selection import EngineRequest, has_bfloat16, select_engine

BOTH = [OPENVINO, "CPUExecutionProvider"]
CPU = ["CPUExecutionProvider"]
GPU = [TENSORRT, CUDA, "CPUExecutionProvider"]
FLOAT32 = EngineSpec("openvino-cpu", "float32", (1,))
BFLOAT16 = EngineSpec("openvino-cpu", "bfloat16", (1,))
ON_CUDA = EngineSpec("onnxruntime-cuda", "float32", (8,))
ON_TENSORRT = EngineSpec("onnxruntime-tensorrt", "tf32", (8,), fallback=ON_CUDA)


def never(_provider):
    raise AssertionError("a GPU was tried")


def starts(_provider):
    return None


def no_driver(_provider):
    return "there is no driver"


@pytest.mark.parametrize(
    ("engine", "precision", "providers", "has", "expected"),
    [
        ("auto", "auto", CPU, True, ONNXRUNTIME),
        ("auto", "auto", BOTH, True, EngineSpec("openvino-cpu", "bfloat16", (1,), ONNXRUNTIME)),
        ("auto", "auto", BOTH, False, ONNXRUNTIME),
        ("auto", "float32", BOTH, True, ONNXRUNTIME),
        ("auto", "bfloat16", BOTH, True, BFLOAT16),
        ("onnxruntime", "auto", BOTH, True, ONNXRUNTIME),
        ("onnxruntime", "auto", GPU, True, ONNXRUNTIME),
        ("openvino", "auto", BOTH, True, EngineSpec("openvino-cpu", "bfloat16", (1,), FLOAT32)),
        ("openvino", "auto", BOTH, False, FLOAT32),
        ("openvino", "float32", BOTH, True, FLOAT32),
        ("openvino", "bfloat16", BOTH, True, BFLOAT16),
    ],
)
def test_without_a_gpu_auto_takes_openvino_if_it_is_installed_and_bfloat16_may_be_used(
    engine, precision, providers, has, expected
):
    assert select_engine(EngineRequest(engine, precision), providers, has, never) == expected


@pytest.mark.parametrize(
    ("engine", "precision", "expected"),
    [
        ("auto", "auto", EngineSpec("onnxruntime-cuda", "float32", (8,), ONNXRUNTIME)),
        ("auto", "float32", EngineSpec("onnxruntime-cuda", "float32", (8,), ONNXRUNTIME)),
        ("auto", "tf32", EngineSpec("onnxruntime-cuda", "tf32", (8,))),
        ("cuda", "auto", ON_CUDA),
        ("cuda", "tf32", EngineSpec("onnxruntime-cuda", "tf32", (8,))),
        ("tensorrt", "auto", ON_TENSORRT),
        ("tensorrt", "tf32", EngineSpec("onnxruntime-tensorrt", "tf32", (8,))),
        ("tensorrt", "float16", EngineSpec("onnxruntime-tensorrt", "float16", (8,))),
    ],
)
def test_a_gpu_that_starts_is_taken_in_float32_unless_configured_otherwise(engine, precision, expected):
    assert select_engine(EngineRequest(engine, precision), GPU, True, starts) == expected


def test_auto_tries_cuda_and_logs_in_one_line_why_the_cpu_is_used(caplog):
    asked = []
    spec = select_engine(EngineRequest(), GPU, False, lambda provider: asked.append(provider) or no_driver(provider))
    assert (spec, asked) == (ONNXRUNTIME, [CUDA])
    ((_, level, message),) = caplog.record_tuples
    assert (level, message) == (30, "the GPU cannot be used, so the CPU runs the networks: there is no driver")


@pytest.mark.parametrize(
    ("engine", "precision", "providers", "has", "says"),
    [
        ("openvino", "auto", CPU, True, "GANVAS_ENGINE: openvino is not installed"),
        ("auto", "bfloat16", CPU, True, "GANVAS_PRECISION: bfloat16 needs OpenVINO"),
        ("auto", "bfloat16", GPU, True, "GANVAS_PRECISION: bfloat16 needs OpenVINO"),
        ("onnxruntime", "bfloat16", BOTH, True, "GANVAS_PRECISION: bfloat16 needs OpenVINO"),
        ("openvino", "bfloat16", BOTH, False, "this CPU has no bfloat16"),
        ("cuda", "auto", BOTH, True, "GANVAS_ENGINE: cuda is not installed; install the extra gpu"),
        ("tensorrt", "auto", CPU, True, "GANVAS_ENGINE: tensorrt is not installed"),
        ("cuda", "auto", GPU, True, "^GANVAS_ENGINE: cuda cannot start: there is no driver$"),
        ("tensorrt", "auto", GPU, True, "^GANVAS_ENGINE: tensorrt cannot start: there is no driver$"),
        ("cuda", "float16", GPU, True, "GANVAS_PRECISION: CUDA multiplies in float32 or tf32, not in float16"),
        ("tensorrt", "float32", GPU, True, "GANVAS_PRECISION: TensorRT multiplies in tf32 or float16, not in float32"),
        ("auto", "tf32", GPU, True, "GANVAS_PRECISION: tf32 needs a GPU"),
        ("auto", "float16", GPU, True, "GANVAS_PRECISION: float16 needs TensorRT"),
        ("onnxruntime", "tf32", GPU, True, "GANVAS_PRECISION: tf32 needs a GPU"),
    ],
)
def test_what_cannot_be_had_is_refused_by_the_setting_s_name(engine, precision, providers, has, says):
    with pytest.raises(ValueError, match=says):
        select_engine(EngineRequest(engine, precision), providers, has, no_driver)


def test_equal_bytes_in_every_batch_can_be_given_up():
    assert select_engine(EngineRequest(any_batch=True), BOTH, True, never).buckets == ()
    assert select_engine(EngineRequest("cuda", any_batch=True), GPU, True, starts).buckets == (1, 2, 4, 8, 16)
    # Each bucket costs TensorRT minutes.
    assert select_engine(EngineRequest("tensorrt", any_batch=True), GPU, True, starts).buckets == (8,)


@pytest.mark.parametrize(
    ("most", "fixed", "any_batch"),
    [(1, (1,), (1,)), (6, (6,), (1, 2, 4, 6)), (8, (8,), (1, 2, 4, 8)), (40, (8,), (1, 2, 4, 8, 16, 32, 40))],
)
def test_no_bucket_is_larger_than_a_batch(most, fixed, any_batch):
    assert select_engine(EngineRequest("cuda", max_batch=most), GPU, True, starts).buckets == fixed
    assert select_engine(EngineRequest("cuda", any_batch=True, max_batch=most), GPU, True, starts).buckets == any_batch


def test_tensorrt_is_given_a_folder_for_what_it_compiles(tmp_path):
    assert select_engine(EngineRequest("tensorrt", cache_dir=tmp_path), GPU, True, starts).cache_dir == tmp_path


@pytest.mark.parametrize(
    ("flags", "expected"), [("fpu avx512_bf16 sse", True), ("amx_bf16", True), ("fpu avx512f", False), ("", False)]
)
def test_the_cpu_reports_whether_it_has_bfloat16(tmp_path, flags, expected):
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nflags\t\t: {flags}\n\nprocessor\t: 1\nflags\t\t: {flags}\n")
    assert has_bfloat16(info) == expected


def test_a_system_without_cpuinfo_has_no_bfloat16():
    assert not has_bfloat16(Path("/nowhere/cpuinfo"))
