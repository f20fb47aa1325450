"""Which provider and precision run a network, and with how many threads and rows. Contains no engine's code.

The results of OpenVINO and of a GPU's kernels may depend on how many rows a run has. A network on these engines
therefore runs a fixed number of rows each time: a *bucket*, which is filled up if rows are missing. For OpenVINO one
row is fastest as well (docs/performance.md, "Engines"); a GPU is idle with one row, and 8 rows take about as long.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.inference.batch_queue import Limits

Floats = NDArray[np.float32]

OPENVINO = "OpenVINOExecutionProvider"
CUDA = "CUDAExecutionProvider"
TENSORRT = "TensorrtExecutionProvider"


@dataclass(frozen=True)
class EngineSpec:
    """The ONNX Runtime provider and the precision that run a network.

    Attributes:
        engine: its name on model cards.
        precision: of the products; inputs, sums and outputs are float32.
        buckets: the numbers of rows that a run may have, in ascending order; empty runs batches of any size.
        fallback: runs a package whose reference images this engine does not reproduce; None refuses the package.
        cache_dir: folder of TensorRT's compiled engines.
    """

    engine: Literal["onnxruntime-cpu", "openvino-cpu", "onnxruntime-cuda", "onnxruntime-tensorrt"] = "onnxruntime-cpu"
    precision: Literal["float32", "tf32", "bfloat16", "float16"] = "float32"
    buckets: tuple[int, ...] = ()
    fallback: "EngineSpec | None" = None
    cache_dir: Path | None = None

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of the provider."""
        return _PROVIDERS[self.engine]

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU."""
        return self.engine in ("onnxruntime-cuda", "onnxruntime-tensorrt")


_PROVIDERS = {
    "onnxruntime-cpu": "CPUExecutionProvider",
    "openvino-cpu": OPENVINO,
    "onnxruntime-cuda": CUDA,
    "onnxruntime-tensorrt": TENSORRT,
}
ONNXRUNTIME = EngineSpec()


@dataclass(frozen=True)
class ExecutionConfig:
    """How networks are run.

    Attributes:
        threads: of a batch that runs alone.
        instances: batches of one network that may run at the same time.
        limits: of each network's queue.
        spec: runs generators and translators.
        shared_threads: of a batch that runs beside others.
    """

    threads: int
    instances: int
    limits: Limits
    spec: EngineSpec = ONNXRUNTIME
    shared_threads: int = 1


def for_any_size(spec: EngineSpec) -> EngineSpec:
    """The same engine for a network whose images differ in size: one row at a time if the number must not vary.

    One such image keeps a GPU busy. TensorRT would compile for minutes for each new size, so CUDA replaces it, with
    products in tf32.
    """
    buckets = (1,) if len(spec.buckets) == 1 else ()
    if spec.engine == "onnxruntime-tensorrt":
        return EngineSpec("onnxruntime-cuda", "tf32", buckets, spec.fallback and for_any_size(spec.fallback))
    return replace(spec, buckets=buckets, fallback=spec.fallback and for_any_size(spec.fallback))


def run_in_buckets(
    run: Callable[[Mapping[str, Floats]], Floats], inputs: Mapping[str, Floats], buckets: tuple[int, ...]
) -> Floats:
    """Runs the smallest bucket that holds the rows, or the largest one repeatedly.

    A bucket that is not full is filled with copies of the last row, whose results are dropped.

    Args:
        run: (rows, ...) arrays by name, to (rows, ...).
        inputs: (N, ...) arrays by name, N >= 1.
        buckets: numbers of rows, in ascending order.

    Returns:
        (N, ...), as `run` returns it.
    """
    count = len(next(iter(inputs.values())))
    outputs, start = [], 0
    while start < count:
        rows = next((size for size in buckets if size >= count - start), buckets[-1])
        indices = np.minimum(np.arange(start, start + rows), count - 1)
        outputs.append(run({name: array[indices] for name, array in inputs.items()}))
        start += rows
    return outputs[0][:count] if len(outputs) == 1 else np.concatenate(outputs)[:count]
