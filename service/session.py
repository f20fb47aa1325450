"""One loaded network: bytes of an ONNX file in, arrays through it. The only importer of onnxruntime.

Knows nothing about pictures, packages or HTTP.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from service.engines import (
    ONNXRUNTIME,
    OPENVINO,
    EngineChoice,
    Kind,
    PrecisionChoice,
    choose,
    has_bfloat16,
    in_buckets,
)
from service.errors import EngineError, PackageError

Floats = NDArray[np.float32]

# A tensor kept outside the file names its place in a protobuf entry with the key "location": these are its bytes.
# The service reads a network as one file whose digest is known, so that no other file can be reached through it.
_EXTERNAL_DATA = b"\x0a\x08location"


class Session:
    """A network on the CPU.

    Attributes:
        kind: what computes it, and in what precision.
    """

    def __init__(self, model: bytes, threads: int, any_size: bool = False, kind: Kind = ONNXRUNTIME) -> None:
        """Loads a network.

        Args:
            model: a whole ONNX file.
            threads: how many one run may use.
            any_size: whether pictures of many sizes will go through it. The engine would otherwise keep a plan of its
                memory for each size that ever came, and the memory of the largest.
            kind: of engine and precision.

        Raises:
            PackageError: the bytes are no network that the engine loads.
        """
        if _EXTERNAL_DATA in model:
            raise PackageError("the network keeps weights outside its file, which a package may not")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin while they wait would take the cores from the other sessions and from the encoders.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_mem_pattern = not any_size
        self._options = ort.RunOptions()
        if any_size:
            self._options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        try:
            self._session = ort.InferenceSession(model, options, providers=_providers(kind, threads))
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise PackageError(f"the engine cannot load the network: {_first_line(error)}") from error
        # Without a word, onnxruntime takes its own provider where the one that was asked for cannot start.
        if kind.engine == "openvino-cpu" and OPENVINO not in self._session.get_providers():
            raise PackageError("OpenVINO cannot load the network")
        self.kind = kind

    @property
    def inputs(self) -> dict[str, list[Any]]:
        """Shape of each input by name; a dynamic axis is a string or None."""
        return {node.name: list(node.shape) for node in self._session.get_inputs()}

    @property
    def outputs(self) -> dict[str, list[Any]]:
        """Shape of each output by name; a dynamic axis is a string or None."""
        return {node.name: list(node.shape) for node in self._session.get_outputs()}

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """The network's first output; row i depends on row i of the inputs alone.

        Args:
            inputs: float32 arrays by input name, all with the same first axis.

        Raises:
            EngineError: the engine failed.
        """
        rows = self.kind.rows
        if rows and inputs:
            return in_buckets(self._run, inputs, rows)
        return self._run(inputs)

    def _run(self, inputs: Mapping[str, Floats]) -> Floats:
        try:
            (output,) = self._session.run(None, dict(inputs), self._options)[:1]
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise EngineError(f"the engine failed: {_first_line(error)}") from error
        result: Floats = output
        return result


def engine_version() -> str:
    """The engine's name and version, for ETags and cards."""
    return f"onnxruntime-{ort.__version__}"


def chosen(engine: EngineChoice, precision: PrecisionChoice, any_batch: bool) -> Kind:
    """The kind of engine for networks that draw, here.

    Raises:
        ValueError: the choice cannot be had with what is installed, or on this processor.
    """
    return choose(engine, precision, any_batch, ort.get_available_providers(), has_bfloat16())


def _providers(kind: Kind, threads: int) -> list[Any]:
    if kind.engine == "onnxruntime-cpu":
        return ["CPUExecutionProvider"]
    config = {
        "INFERENCE_PRECISION_HINT": "bf16" if kind.precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": str(threads),
        "NUM_STREAMS": "1",
        "ENABLE_CPU_PINNING": "NO",  # the workers' threads would all be pinned to the same first cores
    }
    return [(OPENVINO, {"device_type": "CPU", "load_config": json.dumps({"CPU": config})})]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
