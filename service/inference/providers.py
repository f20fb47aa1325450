"""ONNX Runtime's configuration of each engine: providers with their options, and the entries of a run.

Plain values, without any engine's code. The names are documented on its pages "CUDA Execution Provider", "TensorRT
Execution Provider" and "OpenVINO Execution Provider".
"""

import json
from typing import Any

from service.inference.engine import CUDA, OPENVINO, TENSORRT, EngineSpec


def providers(spec: EngineSpec, threads: int, any_size: bool, digest: str = "") -> list[Any]:
    """The providers of a session, in their order.

    Args:
        spec: the engine.
        threads: of one run, on the CPU.
        any_size: whether the network will run images of many sizes.
        digest: of the network; TensorRT's own names of compiled engines do not depend on the weights.
    """
    if spec.engine == "openvino-cpu":
        return [(OPENVINO, _openvino(spec, threads))]
    if spec.engine == "onnxruntime-cuda":
        return [(CUDA, _cuda(spec, captures=not any_size))]
    if spec.engine == "onnxruntime-tensorrt":
        return [(TENSORRT, _tensorrt(spec, digest)), (CUDA, _cuda(spec, captures=False))]
    return ["CPUExecutionProvider"]


def run_entries(spec: EngineSpec, any_size: bool, rows: int | None = None) -> dict[str, str]:
    """The entries of a run's configuration.

    Args:
        spec: the engine.
        any_size: as for `providers`.
        rows: of the bucket, if the run has one.
    """
    if any_size:  # the arena would keep the memory of the largest image
        return {"memory.enable_memory_arena_shrinkage": "gpu:0" if spec.on_gpu else "cpu:0"}
    if spec.engine == "onnxruntime-cuda":
        return {"gpu_graph_id": str(rows or -1)}  # -1 captures nothing
    return {}


def _openvino(spec: EngineSpec, threads: int) -> dict[str, str]:
    config = {
        "INFERENCE_PRECISION_HINT": "bf16" if spec.precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": str(threads),
        "NUM_STREAMS": "1",
        "ENABLE_CPU_PINNING": "NO",  # the workers' threads would all be pinned to the same first cores
    }
    return {"device_type": "CPU", "load_config": json.dumps({"CPU": config})}


def _cuda(spec: EngineSpec, captures: bool) -> dict[str, str]:
    return {
        "device_id": "0",  # CUDA_VISIBLE_DEVICES selects it
        # An exhaustive search may select another algorithm at each start, so that a seed's bytes would change. It also
        # measures again for each new size.
        "cudnn_conv_algo_search": "HEURISTIC",
        "use_tf32": "0" if spec.precision == "float32" else "1",
        "enable_cuda_graph": "1" if captures else "0",
        "arena_extend_strategy": "kSameAsRequested",  # by powers of two, an arena may hold twice of what is needed
        "do_copy_in_default_stream": "1",  # ordered with the work, not beside it
    }


def _tensorrt(spec: EngineSpec, digest: str) -> dict[str, str]:
    options = {"device_id": "0", "trt_fp16_enable": "1" if spec.precision == "float16" else "0"}
    if spec.cache_dir is not None:
        folder = str(spec.cache_dir / f"{digest[:32]}-{spec.precision}")
        options |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": folder,
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": folder,
        }
    return options
