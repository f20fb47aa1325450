"""Low-rank layers: large dense layers become the product of two smaller ones, for nearly the same output.

For realistic inputs, the outputs y = W x + b of a layer lie near a low-dimensional subspace. Let the columns of P be
the leading principal components of y, and m its mean. Of all approximations of y of that rank, P P^T (y - m) + m has
the smallest mean squared error: y' = P (P^T W) x + P P^T (b - m) + m.

References:
    A. Izenman, "Reduced-rank regression for the multivariate linear model", Journal of Multivariate Analysis 5 (1975),
    section 2, for outputs that are a linear function of the inputs.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

Floats = NDArray[np.float32]
Run = Callable[[ModelProto], Floats]

_MIN_VALUES = 1_000_000  # smaller layers are not split
_STEP = 16  # ranks are multiples of it
_MARK = "/thin/"


def rewrite(model: ModelProto, run: Run, is_good: Callable[[ModelProto], bool]) -> ModelProto:
    """Replaces each large dense layer by low-rank layers of the smallest acceptable rank.

    Args:
        model: a float32 graph with one output.
        run: returns the output of a graph for the rows that layers are fitted to, which must outnumber the ranks.
        is_good: whether the output of a graph is close enough to that of the original, on other rows.

    Returns:
        A graph with the same inputs and output; a layer without an acceptable lower rank is unchanged.
    """
    thinned = _copy(model)
    for name in list(_large(thinned)):
        outputs = run(_tapped(thinned, name))
        mean, components = _principal(outputs)
        best, low, high = thinned, 0, _break_even(thinned, name) // _STEP
        while low + 1 < high:  # searches the smallest acceptable multiple of _STEP below the break-even
            middle = (low + high) // 2
            tried = _thin(thinned, name, mean, components[:, : middle * _STEP])
            if is_good(tried):
                best, high = tried, middle
            else:
                low = middle
        thinned = best
    onnx.checker.check_model(thinned, full_check=True)
    return thinned


def restore(nodes: Iterable[NodeProto], values: dict[str, Floats]) -> list[NodeProto]:
    """Reverts `rewrite`: merges each pair of low-rank layers into one layer.

    Args:
        nodes: the nodes of a graph.
        values: the graph's weights by name; the products are added.

    Returns:
        The nodes with one layer per pair.
    """
    restored: list[NodeProto] = []
    for node in nodes:
        if node.name.endswith(f"{_MARK}up") and restored and restored[-1].name.endswith(f"{_MARK}down"):
            down, whole = restored.pop(), f"{node.input[1]}{_MARK}whole"
            values[whole] = values[node.input[1]] @ values[down.input[1]]
            name = node.name.partition(_MARK)[0]
            restored.append(_gemm([down.input[0], whole, node.input[2]], node.output[0], name))
        else:
            restored.append(node)
    return restored


def is_thin(node: NodeProto) -> bool:
    """Whether a node is one of a pair of low-rank layers."""
    return _MARK in node.name


def _large(model: ModelProto) -> Iterator[str]:
    """The outputs of large dense layers whose weights are (out, in), as in torch."""
    sizes = {tensor.name: np.prod(tensor.dims) for tensor in model.graph.initializer}
    for node in model.graph.node:
        turned = any(part.name == "transB" and part.i for part in node.attribute)
        if node.op_type == "Gemm" and turned and sizes.get(node.input[1], 0) >= _MIN_VALUES:
            yield node.output[0]


def _tapped(model: ModelProto, name: str) -> ModelProto:
    """The graph up to one of its values."""
    tapped = _copy(model)
    del tapped.graph.output[:]
    tapped.graph.output.append(ValueInfoProto(name=name))
    kept, wanted = [], {name}
    for node in reversed(tapped.graph.node):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    del tapped.graph.node[:]
    tapped.graph.node.extend(reversed(kept))
    tapped.graph.output[0].CopyFrom(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", "values"]))
    return tapped


def _principal(outputs: Floats) -> tuple[Floats, Floats]:
    """The mean, (values,), and the principal components, (values, rows), the leading ones first."""
    mean = outputs.mean(axis=0)
    centred = outputs - mean
    squares, by_row = np.linalg.eigh(centred @ centred.T)  # the Gram matrix of the rows is smaller
    order = np.argsort(squares)[::-1]
    order = order[squares[order] > squares.max() * 1e-7]
    return mean, (centred.T @ by_row[:, order]) / np.sqrt(squares[order])


def _break_even(model: ModelProto, name: str) -> int:
    """The rank above which two layers have more weights than one."""
    _, weights, _ = _layer(model, name)
    return int(weights.size // sum(weights.shape))


def _layer(model: ModelProto, name: str) -> tuple[int, Floats, Floats]:
    """The node index, weights (out, in) and bias (out,) of the layer with a given output."""
    index = next(index for index, node in enumerate(model.graph.node) if name in node.output)
    node = model.graph.node[index]
    values = {part.name: numpy_helper.to_array(part) for part in model.graph.initializer if part.name in node.input}
    weights = values[node.input[1]]
    bias = values[node.input[2]] if len(node.input) > 2 else np.zeros(len(weights), np.float32)
    return index, weights, bias


def _thin(model: ModelProto, name: str, mean: Floats, components: Floats) -> ModelProto:
    made = _copy(model)
    index, weights, bias = _layer(made, name)
    node = made.graph.node[index]
    down, up = f"{node.input[1]}.down", f"{node.input[1]}.up"
    offset = components @ (components.T @ (bias - mean)) + mean
    # The exporter gives equal weights one name, so another layer may use them too.
    old = set(node.input[1:]) - {
        name for other in made.graph.node if other.output != node.output for name in other.input
    }
    kept = [tensor for tensor in made.graph.initializer if tensor.name not in old]
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    parts = {down: components.T @ weights, up: components, f"{up}_bias": offset}
    made.graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(part, np.float32), part_name) for part_name, part in parts.items()
    )
    layers = [
        _gemm([node.input[0], down], f"{name}{_MARK}down", f"{node.name}{_MARK}down"),
        _gemm([f"{name}{_MARK}down", up, f"{up}_bias"], name, f"{node.name}{_MARK}up"),
    ]
    del made.graph.node[index]
    for place, layer in enumerate(layers):
        made.graph.node.insert(index + place, layer)
    return made


def _gemm(inputs: list[str], output: str, name: str) -> NodeProto:
    return helper.make_node("Gemm", inputs, [output], name=name, transB=1)


def _copy(model: ModelProto) -> ModelProto:
    copied = ModelProto()
    copied.CopyFrom(model)
    return copied
