import json
from pathlib import Path

import pytest

from service.inference.engine import ONNXRUNTIME, EngineSpec
from service.inference.providers import providers, run_entries

CUDA = EngineSpec("onnxruntime-cuda", "float32", (8,))
TENSORRT = EngineSpec("onnxruntime-tensorrt", "tf32", (8,))
CUDA_OPTIONS = {
    "device_id": "0",
    "cudnn_conv_algo_search": "HEURISTIC",
    "use_tf32": "0",
    "enable_cuda_graph": "1",
    "arena_extend_strategy": "kSameAsRequested",
    "do_copy_in_default_stream": "1",
}


def test_the_processor_needs_no_options():
    assert providers(ONNXRUNTIME, 4, False) == ["CPUExecutionProvider"]


@pytest.mark.parametrize(("precision", "hint"), [("bfloat16", "bf16"), ("float32", "f32")])
def test_openvino_gets_its_threads_and_precision_and_pins_none(precision, hint):
    ((name, options),) = providers(EngineSpec("openvino-cpu", precision, (1,)), 3, False)
    assert (name, options["device_type"]) == ("OpenVINOExecutionProvider", "CPU")
    assert json.loads(options["load_config"])["CPU"] == {
        "INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": "3", "NUM_STREAMS": "1", "ENABLE_CPU_PINNING": "NO",
    }  # fmt: skip


def test_cuda_captures_graphs_and_computes_float32_exactly():
    assert providers(CUDA, 4, False) == [("CUDAExecutionProvider", CUDA_OPTIONS)]


def test_cuda_captures_nothing_if_sizes_differ():
    assert providers(CUDA, 4, True) == [("CUDAExecutionProvider", CUDA_OPTIONS | {"enable_cuda_graph": "0"})]


def test_tf32_is_allowed_by_the_precision_alone():
    (_, options), *_ = providers(EngineSpec("onnxruntime-cuda", "tf32", (8,)), 4, False)
    assert options == CUDA_OPTIONS | {"use_tf32": "1"}


@pytest.mark.parametrize(("precision", "half"), [("tf32", "0"), ("float16", "1")])
def test_tensorrt_has_cuda_behind_it_and_float16_if_requested(precision, half):
    tensorrt, cuda = providers(EngineSpec("onnxruntime-tensorrt", precision, (8,)), 4, False)
    assert tensorrt == ("TensorrtExecutionProvider", {"device_id": "0", "trt_fp16_enable": half})
    assert cuda == ("CUDAExecutionProvider", CUDA_OPTIONS | {"use_tf32": "1", "enable_cuda_graph": "0"})


def test_tensorrt_stores_each_network_in_a_folder_of_its_own():
    spec = EngineSpec("onnxruntime-tensorrt", "float16", (8,), cache_dir=Path("/cache"))
    (_, options), _ = providers(spec, 4, False, "0123456789abcdef" * 4)
    folder = "/cache/0123456789abcdef0123456789abcdef-float16"
    assert options == {
        "device_id": "0", "trt_fp16_enable": "1",
        "trt_engine_cache_enable": "1", "trt_engine_cache_path": folder,
        "trt_timing_cache_enable": "1", "trt_timing_cache_path": folder,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "any_size", "rows", "entries"),
    [
        (ONNXRUNTIME, False, None, {}),
        (ONNXRUNTIME, True, None, {"memory.enable_memory_arena_shrinkage": "cpu:0"}),
        (CUDA, True, None, {"memory.enable_memory_arena_shrinkage": "gpu:0"}),
        (CUDA, False, 8, {"gpu_graph_id": "8"}),
        (CUDA, False, None, {"gpu_graph_id": "-1"}),
        (TENSORRT, False, 8, {}),
    ],
)
def test_a_run_names_its_graph_or_gives_its_memory_back(spec, any_size, rows, entries):
    assert run_entries(spec, any_size, rows) == entries
