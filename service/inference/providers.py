"""What ONNX Runtime is told for each kind of engine: providers with their options, and the entries of a run.

Plain values, and no engine's code. The names are of its pages "CUDA Execution Provider", "TensorRT Execution Provider"
and "OpenVINO Execution Provider".
"""

import json
from typing import Any

from service.inference.engine import CUDA, OPENVINO, TENSORRT, Kind


def providers(kind: Kind, threads: int, any_size: bool, digest: str = "") -> list[Any]:
    """The providers of a session, in their order.

    Args:
        kind: of engine and precision.
        threads: how many one run may use, on the processor.
        any_size: whether pictures of many sizes will go through it.
        digest: of the network; TensorRT's own names for what it has compiled do not tell weights apart.
    """
    if kind.engine == "openvino-cpu":
        return [(OPENVINO, _openvino(kind, threads))]
    if kind.engine == "onnxruntime-cuda":
        return [(CUDA, _cuda(kind, captures=not any_size))]
    if kind.engine == "onnxruntime-tensorrt":
        return [(TENSORRT, _tensorrt(kind, digest)), (CUDA, _cuda(kind, captures=False))]
    return ["CPUExecutionProvider"]


def run_entries(kind: Kind, any_size: bool, rows: int | None = None) -> dict[str, str]:
    """The entries of a run's configuration.

    Args:
        kind: of engine and precision.
        any_size: as for `providers`.
        rows: of the bucket, where the run has one.
    """
    if any_size:  # the arena would keep the memory of the largest picture that ever came
        return {"memory.enable_memory_arena_shrinkage": "gpu:0" if kind.on_gpu else "cpu:0"}
    if kind.engine == "onnxruntime-cuda":
        return {"gpu_graph_id": str(rows or -1)}  # -1 captures nothing
    return {}


def _openvino(kind: Kind, threads: int) -> dict[str, str]:
    config = {
        "INFERENCE_PRECISION_HINT": "bf16" if kind.precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": str(threads),
        "NUM_STREAMS": "1",
        "ENABLE_CPU_PINNING": "NO",  # the workers' threads would all be pinned to the same first cores
    }
    return {"device_type": "CPU", "load_config": json.dumps({"CPU": config})}


def _cuda(kind: Kind, captures: bool) -> dict[str, str]:
    return {
        "device_id": "0",  # CUDA_VISIBLE_DEVICES says which one that is
        # A search by measuring may choose another algorithm at each start, and with it other bytes for a seed; and it
        # measures again for each new size.
        "cudnn_conv_algo_search": "HEURISTIC",
        "use_tf32": "0" if kind.precision == "float32" else "1",
        "enable_cuda_graph": "1" if captures else "0",
        "arena_extend_strategy": "kSameAsRequested",  # by powers of two, an arena may hold twice of what is needed
        "do_copy_in_default_stream": "1",  # ordered with the work, not beside it
    }


def _tensorrt(kind: Kind, digest: str) -> dict[str, str]:
    options = {"device_id": "0", "trt_fp16_enable": "1" if kind.precision == "float16" else "0"}
    if kind.cache_dir is not None:
        folder = str(kind.cache_dir / f"{digest[:32]}-{kind.precision}")
        options |= {
            "trt_engine_cache_enable": "1",
            "trt_engine_cache_path": folder,
            "trt_timing_cache_enable": "1",
            "trt_timing_cache_path": folder,
        }
    return options
