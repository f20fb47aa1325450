"""Storage of a graph's weights as float32, float16 or int8; computation is in float32 in any case.

The engine folds the added nodes at load time, so a smaller file does not slow down inference.
"""

from collections.abc import Collection
from math import prod

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

Weights = str
"""`float32`, `float16` or `int8`."""

_MIN_VALUES = 256  # smaller tensors are not worth the added nodes
_INT8_MAX = 127.0
_MIN_SHARING = 16  # 8-bit values per 32-bit scale


def store(model: ModelProto, weights: Weights, only: Collection[str] | None = None) -> ModelProto:
    """Returns a copy of a float32 graph with large weights in a smaller format. Names of initializers are unchanged.

    Args:
        model: a graph with float32 weights.
        weights: `float16` rounds; `int8` scales each output channel, and each position of its kernel, to +-127.
        only: names of the weights that become `int8`, the others become float16; None selects all weights.

    Returns:
        A graph with the same inputs and outputs.
    """
    stored = ModelProto()
    stored.CopyFrom(model)
    shrink = {"float32": None, "float16": _float16, "int8": _int8}[weights]
    if shrink is None:
        return stored
    graph = stored.graph
    added = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _MIN_VALUES:
            continue
        shrunk = shrink if only is None or tensor.name in only else _float16
        tensors, nodes = shrunk(tensor.name, values)
        graph.initializer.remove(tensor)
        graph.initializer.extend(tensors)
        added += nodes
        _rewire(graph, tensor.name, _restored(tensor.name))
    for node in reversed(added):
        graph.node.insert(0, node)
    onnx.checker.check_model(stored, full_check=True)
    return stored


def by_size(model: ModelProto) -> list[str]:
    """The names of the weights that are large enough for a smaller format, the largest first."""
    floats = (tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT)
    sizes = {tensor.name: prod(tensor.dims) for tensor in floats}
    return sorted((name for name, size in sizes.items() if size >= _MIN_VALUES), key=lambda name: -sizes[name])


def _restored(name: str) -> str:
    return f"{name}.float32"


def _float16(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    cast = helper.make_node("Cast", [name], [_restored(name)], to=TensorProto.FLOAT)
    return [numpy_helper.from_array(values.astype(np.float16), name)], [cast]


def _int8(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    """Stores int8 values with a scale per index of the first axis, the output axis of torch's linear and conv weights.

    The values at a kernel's edges are often smaller than those at its center. So each position of the kernel has its
    own scale if there are enough input channels.
    """
    shares = values.ndim > 2 and values.shape[1] >= _MIN_SHARING
    axes = 1 if shares else tuple(range(1, values.ndim)) or None
    largest = np.abs(values).max(axis=axes, keepdims=True)
    scale = np.maximum(largest / _INT8_MAX, np.finfo(np.float32).tiny).astype(np.float32)
    levels = np.clip(np.rint(values / scale), -_INT8_MAX, _INT8_MAX).astype(np.int8)
    nodes = [
        helper.make_node("Cast", [name], [f"{name}.levels"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.levels", f"{name}.scale"], [_restored(name)]),
    ]
    return [numpy_helper.from_array(levels, name), numpy_helper.from_array(scale, f"{name}.scale")], nodes


def _rewire(graph: onnx.GraphProto, before: str, after: str) -> None:
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name == before:
                node.input[index] = after
