"""Rewrites transposed convolutions that double the side into equivalent convolutions and a pixel shuffle.

Each of the four phases of the output uses 2 x 2 of the kernel's 4 x 4 values (stride 2, padding 1). Phase 0 multiplies
the input's pixels at -1 and 0 by the values 3 and 1; phase 1 those at 0 and +1 by 2 and 0. ONNX Runtime is slightly
faster than with the transposed form, and OpenVINO twice as fast in bfloat16 (docs/performance.md, "Engines").

Nodes of the graph slice the kernels, and engines fold these nodes at load time. Initializers are unchanged.
"""

from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, helper, numpy_helper

_MIN_CHANNELS = 16  # with fewer, one convolution for all phases uses vector units better than four
_PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))
_TO_THE_START = -(2**31)
_MARK = "/subpixel/"
_WANTED: dict[str, Any] = {"kernel_shape": [4, 4], "strides": [2, 2], "pads": [1, 1, 1, 1]}
_PLAIN: dict[str, Any] = {"group": 1, "dilations": [1, 1], "output_padding": [0, 0], "auto_pad": b"NOTSET"}


def rewrite(model: ModelProto) -> None:
    """Rewrites each transposed convolution with kernel 4, stride 2 and padding 1, in place."""
    widths = {tensor.name: tensor.dims[1] for tensor in model.graph.initializer if len(tensor.dims) == 4}
    nodes: list[NodeProto] = []
    for index, node in enumerate(model.graph.node):
        if node.op_type == "ConvTranspose" and node.input[1] in widths and _doubles(node):
            nodes += _Phases(node, index).nodes(widths[node.input[1]])
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def restore(model: ModelProto) -> None:
    """Reverts `rewrite`, in place."""
    groups: dict[str, list[NodeProto]] = {}
    for index, node in enumerate(model.graph.node):
        name, mark, _ = node.name.partition(_MARK)
        groups.setdefault(name if mark else f"{_MARK}{index}", []).append(node)
    nodes = [group[0] if len(group) == 1 else _transposed(group) for group in groups.values()]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _doubles(node: NodeProto) -> bool:
    said = {part.name: helper.get_attribute_value(part) for part in node.attribute}
    return all(said.get(name) == value for name, value in _WANTED.items()) and all(
        said.get(name, value) == value for name, value in _PLAIN.items()
    )


def _transposed(group: list[NodeProto]) -> NodeProto:
    by = {node.name.partition(_MARK)[2]: node for node in group}
    conv = by.get("all") or by["00"]
    bias = [by["bias"].input[0] if "bias" in by else name for name in conv.input[2:]]
    inputs = [conv.input[0], by["turned"].input[0], *bias]
    return helper.make_node("ConvTranspose", inputs, list(group[-1].output), **_WANTED)


class _Phases:
    """The nodes that replace one transposed convolution."""

    def __init__(self, node: NodeProto, index: int) -> None:
        self._node, self._name = node, node.name or f"{node.op_type}_{index}"
        self._made: list[NodeProto] = []

    def nodes(self, width: int) -> list[NodeProto]:
        """Returns the nodes for `width` output channels."""
        self._add("turned", "Transpose", [self._node.input[1]], perm=[1, 0, 2, 3])
        (self._one if width < _MIN_CHANNELS else self._four)()
        return self._made

    def _four(self) -> None:
        """One convolution per phase."""
        given, bias = self._node.input[0], list(self._node.input[2:])
        made = [
            self._add(f"{y}{x}", "Conv", [given, self._kernel(y, x), *bias], kernel_shape=[2, 2], strides=[1, 1],
                      pads=[1 - y, 1 - x, y, x])
            for y, x in _PHASES
        ]  # fmt: skip
        joined = self._add("joined", "Concat", made, axis=1)
        self._add("shuffled", "DepthToSpace", [joined], self._node.output[0], blocksize=2, mode="DCR")

    def _one(self) -> None:
        """One convolution for all phases, with phase 1 shifted by a pixel; a border of one pixel is cropped."""
        kernel = self._add("kernel", "Concat", [self._kernel(1 - y, 1 - x) for y, x in _PHASES], axis=0)
        bias = [self._add("bias", "Concat", [name] * 4, axis=0) for name in self._node.input[2:]]
        made = self._add(
            "all", "Conv", [self._node.input[0], kernel, *bias], kernel_shape=[2, 2], strides=[1, 1], pads=[1] * 4
        )
        shuffled = self._add("shuffled", "DepthToSpace", [made], blocksize=2, mode="DCR")
        bounds = [self._numbers("from", [1, 1]), self._numbers("to", [-1, -1]), self._numbers("sides", [2, 3])]
        self._add("cut", "Slice", [shuffled, *bounds], self._node.output[0])

    def _kernel(self, y: int, x: int) -> str:
        """The kernel of one phase: (out channels, in channels, 2, 2)."""
        bounds = {"from": [3 - y, 3 - x], "to": [_TO_THE_START] * 2, "axes": [2, 3], "steps": [-2, -2]}
        names = [self._numbers(f"{y}{x}.{what}", values) for what, values in bounds.items()]
        return self._add(f"{y}{x}.kernel", "Slice", [f"{self._name}{_MARK}turned", *names])

    def _numbers(self, what: str, values: list[int]) -> str:
        return self._add(what, "Constant", [], value=numpy_helper.from_array(np.array(values, np.int64)))

    def _add(self, what: str, op: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        name = f"{self._name}{_MARK}{what}"
        self._made.append(helper.make_node(op, inputs, [output or name], name=name, **attributes))
        return output or name
