"""One loaded network: bytes of an ONNX file in, arrays through it. The only importer of onnxruntime.

Knows nothing about pictures, packages or HTTP.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from service.errors import EngineError, PackageError

Floats = NDArray[np.float32]

# A tensor kept outside the file names its place in a protobuf entry with the key "location": these are its bytes.
# The service reads a network as one file whose digest is known, so that no other file can be reached through it.
_EXTERNAL_DATA = b"\x0a\x08location"


class Session:
    """A network on the CPU, in float32.

    Attributes:
        engine: what computes it.
        precision: what it computes in.
    """

    engine = "onnxruntime-cpu"
    precision = "float32"

    def __init__(self, model: bytes, threads: int, any_size: bool = False) -> None:
        """Loads a network.

        Args:
            model: a whole ONNX file.
            threads: how many one run may use.
            any_size: whether pictures of many sizes will go through it. The engine would otherwise keep a plan of its
                memory for each size that ever came, and the memory of the largest.

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
            self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise PackageError(f"the engine cannot load the network: {_first_line(error)}") from error

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
        try:
            (output,) = self._session.run(None, dict(inputs), self._options)[:1]
        except Exception as error:  # onnxruntime's exceptions have no common base
            raise EngineError(f"the engine failed: {_first_line(error)}") from error
        result: Floats = output
        return result


def engine_version() -> str:
    """The engine's name and version, for ETags and cards."""
    return f"onnxruntime-{ort.__version__}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
