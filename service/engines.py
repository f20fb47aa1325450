"""Which engine and precision a network runs in, and in how many rows at once. Knows no engine's code.

OpenVINO's results may depend on the rows beside a row, so that it runs a fixed number of them each time. One row at a
time was the quickest too (docs/performance.md, "Engines").
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
EngineChoice = Literal["auto", "onnxruntime", "openvino"]
PrecisionChoice = Literal["auto", "float32", "bfloat16"]

OPENVINO = "OpenVINOExecutionProvider"
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Kind:
    """How a network is computed.

    Attributes:
        engine: as cards name it.
        precision: of the products; inputs, sums and outputs are float32.
        rows: of each run, where the engine's result depends on it; None runs batches as they come.
    """

    engine: Literal["onnxruntime-cpu", "openvino-cpu"] = "onnxruntime-cpu"
    precision: Literal["float32", "bfloat16"] = "float32"
    rows: int | None = None


ONNXRUNTIME = Kind()


def choose(
    engine: EngineChoice, precision: PrecisionChoice, any_batch: bool, providers: list[str], has_bfloat16: bool
) -> Kind:
    """The kind of engine for networks that draw.

    Args:
        engine: `auto` takes OpenVINO where it is installed and bfloat16 may be used, for it is quicker by that.
        precision: `auto` takes bfloat16 where OpenVINO runs and the processor has it, else float32.
        any_batch: gives up equal bytes in every batch.
        providers: what the installed ONNX Runtime offers.
        has_bfloat16: whether the processor multiplies it.

    Raises:
        ValueError: the choice cannot be had here.
    """
    installed = OPENVINO in providers
    if engine == "openvino" and not installed:
        raise ValueError("GANVAS_ENGINE: openvino is not installed; install the extra openvino, or set auto")
    if precision == "bfloat16" and (engine == "onnxruntime" or not installed):
        raise ValueError("GANVAS_PRECISION: bfloat16 needs OpenVINO; install the extra openvino, or set auto")
    if precision == "bfloat16" and not has_bfloat16:
        raise ValueError("GANVAS_PRECISION: this processor has no bfloat16; set auto or float32")
    lower = installed and has_bfloat16 and precision != "float32"
    if engine == "openvino" or (engine == "auto" and lower):
        return Kind("openvino-cpu", "bfloat16" if lower else "float32", None if any_batch else 1)
    return ONNXRUNTIME


def has_bfloat16(cpu_info: Path = _CPU_INFO) -> bool:
    """Whether the processor says that it multiplies bfloat16."""
    try:
        lines = cpu_info.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return bool(_BFLOAT16_FLAGS & set(flags.split()))


def in_buckets(run: Callable[[Mapping[str, Floats]], Floats], inputs: Mapping[str, Floats], rows: int) -> Floats:
    """Runs so many rows each time; the last bucket is filled with copies of its last row, which are dropped.

    Args:
        run: (rows, ...) arrays by name, to (rows, ...).
        inputs: (N, ...) arrays by name, N >= 1.
        rows: of a bucket.

    Returns:
        (N, ...), as `run` gives it.
    """
    count = len(next(iter(inputs.values())))
    made = []
    for start in range(0, count, rows):
        chosen = np.minimum(np.arange(start, start + rows), count - 1)
        made.append(run({name: array[chosen] for name, array in inputs.items()}))
    return made[0][:count] if len(made) == 1 else np.concatenate(made)[:count]
