"""In which engine and precision a network runs, and in batches of which sizes. Knows no engine's code.

OpenVINO's results, and those of a GPU's kernels, may depend on how many rows a run has, so that they run a fixed number
of them each time: a *bucket*, filled up where rows are missing. For OpenVINO one row was the quickest too
(docs/performance.md, "Engines"); a GPU with one row is idle, and 8 take about as long.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

OPENVINO = "OpenVINOExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"


@dataclass(frozen=True)
class Kind:
    """How a network is computed.

    Attributes:
        engine: as cards name it.
        precision: of the products; inputs, sums and outputs are float32.
        buckets: the numbers of rows that a run may have, from the fewest; empty runs batches as they come.
        fallback: what computes a package that does not come out right in this kind; None refuses it.
        cache_dir: where TensorRT keeps what it has compiled.
    """

    engine: Literal["onnxruntime-cpu", "openvino-cpu", "onnxruntime-cuda", "onnxruntime-tensorrt"] = "onnxruntime-cpu"
    precision: Literal["float32", "tf32", "bfloat16", "float16"] = "float32"
    buckets: tuple[int, ...] = ()
    fallback: "Kind | None" = None
    cache_dir: Path | None = None

    @property
    def provider(self) -> str:
        """What ONNX Runtime calls it."""
        return _PROVIDERS[self.engine]

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a GPU."""
        return self.engine in ("onnxruntime-cuda", "onnxruntime-tensorrt")


_PROVIDERS = {
    "onnxruntime-cpu": "CPUExecutionProvider",
    "openvino-cpu": OPENVINO,
    "onnxruntime-cuda": CUDA,
    "onnxruntime-tensorrt": TENSORRT,
}
ONNXRUNTIME = Kind()


def of_any_size(kind: Kind) -> Kind:
    """The same for a network whose pictures differ in size: one row at a time, where the number must not vary.

    One of these pictures keeps a GPU busy. TensorRT would compile for minutes for each new size, so that CUDA takes its
    place, in products of tf32.
    """
    buckets = kind.buckets and (1,) if len(kind.buckets) == 1 else ()
    if kind.engine == "onnxruntime-tensorrt":
        return Kind("onnxruntime-cuda", "tf32", buckets, kind.fallback and of_any_size(kind.fallback))
    return replace(kind, buckets=buckets, fallback=kind.fallback and of_any_size(kind.fallback))


def in_buckets(
    run: Callable[[Mapping[str, Floats]], Floats], inputs: Mapping[str, Floats], buckets: tuple[int, ...]
) -> Floats:
    """Runs the smallest bucket that holds the rows; where none does, the largest as often as needed.

    A bucket that is not full is filled with copies of the last row, which are dropped.

    Args:
        run: (rows, ...) arrays by name, to (rows, ...).
        inputs: (N, ...) arrays by name, N >= 1.
        buckets: numbers of rows, from the fewest.

    Returns:
        (N, ...), as `run` gives it.
    """
    count = len(next(iter(inputs.values())))
    made, start = [], 0
    while start < count:
        rows = next((size for size in buckets if size >= count - start), buckets[-1])
        chosen = np.minimum(np.arange(start, start + rows), count - 1)
        made.append(run({name: array[chosen] for name, array in inputs.items()}))
        start += rows
    return made[0][:count] if len(made) == 1 else np.concatenate(made)[:count]
