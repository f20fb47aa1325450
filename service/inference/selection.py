"""Which engine draws here: what the settings ask for, and what there is. Knows no engine's code."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.inference.engine import CUDA, ONNXRUNTIME, OPENVINO, TENSORRT, Kind

EngineChoice = Literal["auto", "onnxruntime", "openvino", "cuda", "tensorrt"]
PrecisionChoice = Literal["auto", "float32", "tf32", "bfloat16", "float16"]

_GPU_ROWS = 8
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_CPU_INFO = Path("/proc/cpuinfo")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Choice:
    """What the settings say of engines.

    Attributes:
        engine: `auto` takes a GPU where one starts; else OpenVINO where it is installed and bfloat16 may be used, for
            it is quicker by that.
        precision: `auto` takes float32 with CUDA, tf32 with TensorRT, bfloat16 where OpenVINO runs and the processor
            has it, else float32; a package that comes out wrong in less than float32 then falls back to it.
        any_batch: gives up equal bytes in every batch.
        max_batch: rows of a batch at most.
        cache_dir: for TensorRT.
    """

    engine: EngineChoice = "auto"
    precision: PrecisionChoice = "auto"
    any_batch: bool = False
    max_batch: int = 16
    cache_dir: Path | None = None

    @property
    def may_be_gpu(self) -> bool:
        """Whether a GPU could come of it."""
        return self.engine in ("auto", "cuda", "tensorrt") and self.precision != "bfloat16"


def choose(choice: Choice, providers: list[str], has_bfloat16: bool, why_not: Callable[[str], str | None]) -> Kind:
    """The kind of engine for networks that draw.

    Args:
        choice: what the settings say.
        providers: what the installed ONNX Runtime offers.
        has_bfloat16: whether the processor multiplies it.
        why_not: why a provider of GPUs does not start here, or None where it does; asked only where it matters.

    Raises:
        ValueError: the choice cannot be had here.
    """
    if choice.engine in ("cuda", "tensorrt"):
        provider = CUDA if choice.engine == "cuda" else TENSORRT
        if provider not in providers:
            raise ValueError(f"GANVAS_ENGINE: {choice.engine} is not installed; install the extra gpu, or set auto")
        kind = _on_gpu(choice)
        if reason := why_not(provider):
            raise ValueError(f"GANVAS_ENGINE: {choice.engine} cannot start: {reason}")
        return kind
    if choice.engine == "auto" and choice.precision in ("auto", "float32", "tf32") and CUDA in providers:
        reason = why_not(CUDA)
        if not reason:
            return _on_gpu(choice)
        _log.warning("the GPU cannot be used, so that the processor draws: %s", reason)
    return _on_cpu(choice, OPENVINO in providers, has_bfloat16)


def _on_gpu(choice: Choice) -> Kind:
    row, most = min(_GPU_ROWS, choice.max_batch), choice.max_batch
    sizes = (*(2**n for n in range(most.bit_length()) if 2**n < most), most) if choice.any_batch else (row,)
    falls_back = choice.precision == "auto"
    if choice.engine == "tensorrt":
        if choice.precision not in ("auto", "tf32", "float16"):
            raise ValueError(
                f"GANVAS_PRECISION: TensorRT multiplies in tf32 or float16, not in {choice.precision}; "
                "set GANVAS_ENGINE=cuda, or auto"
            )
        exact = Kind("onnxruntime-cuda", "float32", sizes)
        precision: Literal["tf32", "float16"] = "float16" if choice.precision == "float16" else "tf32"
        # One bucket in any case: TensorRT takes minutes to compile each.
        return Kind("onnxruntime-tensorrt", precision, (row,), exact if falls_back else None, choice.cache_dir)
    if choice.precision not in ("auto", "float32", "tf32"):
        raise ValueError(f"GANVAS_PRECISION: CUDA multiplies in float32 or tf32, not in {choice.precision}; set auto")
    fallback = ONNXRUNTIME if choice.engine == "auto" and choice.precision != "tf32" else None
    return Kind("onnxruntime-cuda", "tf32" if choice.precision == "tf32" else "float32", sizes, fallback)


def _on_cpu(choice: Choice, has_openvino: bool, has_bfloat16: bool) -> Kind:
    engine, precision = choice.engine, choice.precision
    if engine == "openvino" and not has_openvino:
        raise ValueError("GANVAS_ENGINE: openvino is not installed; install the extra openvino, or set auto")
    if precision in ("tf32", "float16"):
        needed = "a GPU (GANVAS_ENGINE=cuda)" if precision == "tf32" else "TensorRT (GANVAS_ENGINE=tensorrt)"
        raise ValueError(f"GANVAS_PRECISION: {precision} needs {needed}; set auto or float32")
    if precision == "bfloat16" and (engine == "onnxruntime" or not has_openvino):
        raise ValueError("GANVAS_PRECISION: bfloat16 needs OpenVINO; install the extra openvino, or set auto")
    if precision == "bfloat16" and not has_bfloat16:
        raise ValueError("GANVAS_PRECISION: this processor has no bfloat16; set auto or float32")
    buckets = () if choice.any_batch else (1,)
    exact = Kind("openvino-cpu", "float32", buckets) if engine == "openvino" else ONNXRUNTIME
    if engine != "onnxruntime" and has_openvino and has_bfloat16 and precision != "float32":
        return Kind("openvino-cpu", "bfloat16", buckets, exact if precision == "auto" else None)
    return exact


def has_bfloat16(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether the processor says that it multiplies bfloat16."""
    try:
        lines = cpu_info.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return bool(_BFLOAT16_FLAGS & set(flags.split()))
