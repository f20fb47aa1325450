"""Selects the engine from what the settings request and what is available. Contains no engine's code."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.inference.engine import CUDA, ONNXRUNTIME, OPENVINO, TENSORRT, EngineSpec

EngineName = Literal["auto", "onnxruntime", "openvino", "cuda", "tensorrt"]
PrecisionName = Literal["auto", "float32", "tf32", "bfloat16", "float16"]

_GPU_ROWS = 8
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_CPU_INFO = Path("/proc/cpuinfo")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineRequest:
    """The settings that select an engine.

    Attributes:
        engine: `auto` takes a GPU if one starts; else OpenVINO if it is installed and bfloat16, which makes it faster,
            may be used.
        precision: `auto` takes float32 with CUDA, tf32 with TensorRT, bfloat16 if OpenVINO runs and the CPU has it,
            else float32. A package that fails verification in less than float32 falls back to it.
        any_batch: allows bytes that depend on the batch.
        max_batch: rows per batch.
        cache_dir: for TensorRT.
    """

    engine: EngineName = "auto"
    precision: PrecisionName = "auto"
    any_batch: bool = False
    max_batch: int = 16
    cache_dir: Path | None = None

    @property
    def may_be_gpu(self) -> bool:
        """Whether the selected engine may be a GPU."""
        return self.engine in ("auto", "cuda", "tensorrt") and self.precision != "bfloat16"


def select_engine(
    request: EngineRequest, providers: list[str], has_bfloat16: bool, why_not: Callable[[str], str | None]
) -> EngineSpec:
    """The engine for generators and translators.

    Args:
        request: the settings.
        providers: those of the installed ONNX Runtime.
        has_bfloat16: whether the CPU multiplies in bfloat16.
        why_not: returns why a GPU provider does not start, or None if it does; called only if it matters.

    Raises:
        ValueError: the requested engine is not available.
    """
    if request.engine in ("cuda", "tensorrt"):
        provider = CUDA if request.engine == "cuda" else TENSORRT
        if provider not in providers:
            raise ValueError(f"GANVAS_ENGINE: {request.engine} is not installed; install the extra gpu, or set auto")
        spec = _on_gpu(request)
        if reason := why_not(provider):
            raise ValueError(f"GANVAS_ENGINE: {request.engine} cannot start: {reason}")
        return spec
    if request.engine == "auto" and request.precision in ("auto", "float32", "tf32") and CUDA in providers:
        reason = why_not(CUDA)
        if not reason:
            return _on_gpu(request)
        _log.warning("the GPU cannot be used, so the CPU runs the networks: %s", reason)
    return _on_cpu(request, OPENVINO in providers, has_bfloat16)


def _on_gpu(request: EngineRequest) -> EngineSpec:
    row, most = min(_GPU_ROWS, request.max_batch), request.max_batch
    sizes = (*(2**n for n in range(most.bit_length()) if 2**n < most), most) if request.any_batch else (row,)
    falls_back = request.precision == "auto"
    if request.engine == "tensorrt":
        if request.precision not in ("auto", "tf32", "float16"):
            raise ValueError(
                f"GANVAS_PRECISION: TensorRT multiplies in tf32 or float16, not in {request.precision}; "
                "set GANVAS_ENGINE=cuda, or auto"
            )
        exact = EngineSpec("onnxruntime-cuda", "float32", sizes)
        precision: Literal["tf32", "float16"] = "float16" if request.precision == "float16" else "tf32"
        # One bucket in any case: TensorRT takes minutes to compile each.
        return EngineSpec("onnxruntime-tensorrt", precision, (row,), exact if falls_back else None, request.cache_dir)
    if request.precision not in ("auto", "float32", "tf32"):
        raise ValueError(f"GANVAS_PRECISION: CUDA multiplies in float32 or tf32, not in {request.precision}; set auto")
    fallback = ONNXRUNTIME if request.engine == "auto" and request.precision != "tf32" else None
    return EngineSpec("onnxruntime-cuda", "tf32" if request.precision == "tf32" else "float32", sizes, fallback)


def _on_cpu(request: EngineRequest, has_openvino: bool, has_bfloat16: bool) -> EngineSpec:
    engine, precision = request.engine, request.precision
    if engine == "openvino" and not has_openvino:
        raise ValueError("GANVAS_ENGINE: openvino is not installed; install the extra openvino, or set auto")
    if precision in ("tf32", "float16"):
        needed = "a GPU (GANVAS_ENGINE=cuda)" if precision == "tf32" else "TensorRT (GANVAS_ENGINE=tensorrt)"
        raise ValueError(f"GANVAS_PRECISION: {precision} needs {needed}; set auto or float32")
    if precision == "bfloat16" and (engine == "onnxruntime" or not has_openvino):
        raise ValueError("GANVAS_PRECISION: bfloat16 needs OpenVINO; install the extra openvino, or set auto")
    if precision == "bfloat16" and not has_bfloat16:
        raise ValueError("GANVAS_PRECISION: this CPU has no bfloat16; set auto or float32")
    buckets = () if request.any_batch else (1,)
    exact = EngineSpec("openvino-cpu", "float32", buckets) if engine == "openvino" else ONNXRUNTIME
    if engine != "onnxruntime" and has_openvino and has_bfloat16 and precision != "float32":
        return EngineSpec("openvino-cpu", "bfloat16", buckets, exact if precision == "auto" else None)
    return exact


def has_bfloat16(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether the CPU multiplies in bfloat16, according to /proc/cpuinfo."""
    try:
        lines = cpu_info.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return bool(_BFLOAT16_FLAGS & set(flags.split()))
