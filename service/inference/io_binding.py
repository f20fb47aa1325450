"""A network's inputs and output in buffers that are bound to it (ONNX Runtime's IO binding).

Not safe for several threads; `gpu` calls it from one thread.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

Floats = NDArray[np.float32]
OptionsOf = Callable[[int | None], ort.RunOptions]
"""The options of a run with a number of rows; None if it is not known in advance."""


class Buckets:
    """Buffers for a few numbers of rows, at constant addresses, as CUDA graphs require."""

    def __init__(self, session: ort.InferenceSession, device: str, sizes: tuple[int, ...], options: OptionsOf) -> None:
        """Create the buffers and run each once, so that no request waits for the capture of a graph.

        Args:
            session: whose first axes alone are dynamic.
            device: `cpu` or `cuda`, its first.
            sizes: the numbers of rows.
            options: of a run.

        Raises:
            ValueError: another axis is dynamic.
        """
        self._buckets = {rows: _Bucket(session, device, rows, options(rows)) for rows in sizes}
        for bucket in self._buckets.values():
            bucket.run(bucket.zeros())

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """(rows, ...) arrays by name to the first output, `rows` is one of the sizes.

        Raises:
            ValueError: the inputs do not match the network's.
        """
        rows = len(next(iter(inputs.values())))
        if rows not in self._buckets:
            raise ValueError(f"there is no bucket of {rows} rows")
        return self._buckets[rows].run(inputs)


class _Bucket:
    def __init__(self, session: ort.InferenceSession, device: str, rows: int, options: ort.RunOptions) -> None:
        self._session, self._options = session, options
        self._binding = session.io_binding()
        self._inputs = {node.name: _buffer(node, rows, device) for node in session.get_inputs()}
        for name, value in self._inputs.items():
            self._binding.bind_ortvalue_input(name, value)
        node = session.get_outputs()[0]
        self._output = _buffer(node, rows, device)
        self._binding.bind_ortvalue_output(node.name, self._output)

    def zeros(self) -> dict[str, Floats]:
        return {name: np.zeros(value.shape(), np.float32) for name, value in self._inputs.items()}

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        actual = {name: (array.dtype.name, array.shape) for name, array in inputs.items()}
        wanted = {name: ("float32", tuple(value.shape())) for name, value in self._inputs.items()}
        if actual != wanted:  # a buffer accepts any array with as many values
            raise ValueError(f"the inputs are {actual}, not {wanted}")
        for name, value in self._inputs.items():
            value.update_inplace(inputs[name])
        self._session.run_with_iobinding(self._binding, self._options)
        output: Floats = self._output.numpy()
        # On the CPU this is the buffer itself, which the next run overwrites.
        return output if self._output.device_name() != "cpu" else output.copy()


class Loose:
    """Buffers that are bound anew for each run: for images of any size, without keeping the largest."""

    def __init__(self, session: ort.InferenceSession, options: OptionsOf) -> None:
        self._session, self._options = session, options(None)

    def run(self, inputs: Mapping[str, Floats]) -> Floats:
        """(N, ...) arrays by name to the first output."""
        binding = self._session.io_binding()
        for name, array in inputs.items():
            binding.bind_cpu_input(name, np.ascontiguousarray(array))
        # On the CPU: on the GPU it would outlive the run, and the arena would not shrink.
        binding.bind_output(self._session.get_outputs()[0].name, "cpu")
        self._session.run_with_iobinding(binding, self._options)
        output: Floats = binding.copy_outputs_to_cpu()[0]
        return output


def _buffer(node: Any, rows: int, device: str) -> ort.OrtValue:
    shape = [rows, *node.shape[1:]]
    if not all(isinstance(size, int) for size in shape):
        raise ValueError(f"{node.name} has more than one dynamic axis: {node.shape}")
    return ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, device, 0)
