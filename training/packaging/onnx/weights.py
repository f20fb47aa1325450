"""How a graph's weights are stored: float32, float16 or 8-bit; they are computed in float32 in any case.

The engine folds the added nodes when it loads the file, so that a smaller file costs no time an image.
"""

from collections.abc import Collection
from math import prod

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper

Weights = str
"""`float32`, `float16` or `int8`."""

_LEAST_VALUES = 256  # a smaller tensor is not worth its nodes
_INT8_MAX = 127.0
_LEAST_SHARING = 16  # values of 8 bits for each scale of 32


def store(model: ModelProto, weights: Weights, only: Collection[str] | None = None) -> ModelProto:
    """A copy of a float32 graph with its large weights stored smaller. Initialisers keep their names.

    Args:
        model: whose weights are float32.
        weights: `float16` rounds each; `int8` scales each output channel, and each place of its kernel, to +-127.
        only: names of the weights that become `int8`, where the others become float16; None is all of them.

    Returns:
        A graph of the same inputs and outputs.
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
        if values.dtype != np.float32 or values.size < _LEAST_VALUES:
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
    """The names of the weights that are worth storing smaller, the largest first."""
    floats = (tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT)
    sizes = {tensor.name: prod(tensor.dims) for tensor in floats}
    return sorted((name for name, size in sizes.items() if size >= _LEAST_VALUES), key=lambda name: -sizes[name])


def _restored(name: str) -> str:
    return f"{name}.float32"


def _float16(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    cast = helper.make_node("Cast", [name], [_restored(name)], to=TensorProto.FLOAT)
    return [numpy_helper.from_array(values.astype(np.float16), name)], [cast]


def _int8(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    """A scale for each index of the first axis, which is that of the outputs in torch's linear and conv weights.

    A kernel's edges are often smaller than its middle, so that each of its places has a scale too, if many share it.
    """
    shares = values.ndim > 2 and values.shape[1] >= _LEAST_SHARING
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
