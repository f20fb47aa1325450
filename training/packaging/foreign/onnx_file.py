"""Brings an ONNX file of any origin to the contract of packages, inside its graph.

Only operators that exist in every opset from 9 on are added, so that the graph's own opset stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf brings no stubs
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from training.packaging.foreign.contract import LUMA, Channels, Convention, Layout
from training.packaging.onnx.export import ExportError

Floats = NDArray[np.float32]

MAX_BYTES = 1_900_000_000  # a protobuf message has at most 2 GiB
MIN_OPSET, MAX_OPSET = 9, 25
_CONTRACT = ("images", "latents", "translated")
_FLOATS: dict[int, type[np.floating[Any]]] = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
}


@dataclass(frozen=True)
class ForeignGraph:
    """An ONNX graph, as it came.

    Attributes:
        model: with its weights inside.
        given: name of its input.
        made: name of its first output.
        elements: type of its input's values, one of TensorProto's.
        shape: of its input; None for each dynamic axis.
        layout: of its images.
        is_translator: whether it reads images; else it reads latents.
    """

    model: onnx.ModelProto
    given: str
    made: str
    elements: int
    shape: tuple[int | None, ...]
    layout: Layout
    is_translator: bool

    @property
    def is_half(self) -> bool:
        """Whether its values have 16 bits."""
        return self.elements == TensorProto.FLOAT16

    @property
    def channels_in(self) -> int:
        """Of its input images: 1 or 3."""
        return self.shape[1 if self.layout == "nchw" else 3] or 3

    @property
    def latent_dim(self) -> int:
        """Numbers of a latent, which must be fixed."""
        dim = self.shape[1]
        if dim is None:
            raise ExportError(f"the input {self.given} must have a fixed number of latents, but its axis 1 is dynamic")
        return dim

    def example(self, contract: Floats, convention: Convention) -> NDArray[np.floating]:
        """Inputs of the contract as this graph takes them, by NumPy: the reference for what is added to the graph."""
        dtype = _FLOATS[self.elements]
        if not self.is_translator:
            return contract.reshape(-1, *(size or 1 for size in self.shape[1:])).astype(dtype)
        low, high = convention.value_range
        images = contract
        if self.channels_in == 1:
            images = (images * np.array(LUMA, np.float32)[:, None, None]).sum(1, keepdims=True)
        elif convention.channels == "bgr":
            images = images[:, ::-1]
        images = (images + 1.0) * ((high - low) / 2.0) + low
        return np.ascontiguousarray(images.transpose(0, 2, 3, 1) if self.layout == "nhwc" else images).astype(dtype)

    def images(self, made: NDArray[np.floating], convention: Convention) -> Floats:
        """Outputs of this graph as images of the contract, by NumPy."""
        low, high = convention.value_range
        images = made.astype(np.float32)
        images = images.transpose(0, 3, 1, 2) if self.layout == "nhwc" else images
        images = ((images - low) * (2.0 / (high - low)) - 1.0).clip(-1.0, 1.0)
        if images.shape[1] == 3 and convention.channels == "bgr":
            images = images[:, ::-1]
        if images.shape[1] == 1 and self.is_translator:
            images = images.repeat(3, axis=1)
        return np.ascontiguousarray(images)


def read(file: Path, layout: Layout | None = None, max_bytes: int = MAX_BYTES) -> ForeignGraph:
    """Reads an ONNX file, with weights that it keeps in files beside it.

    Args:
        file: the `.onnx` file.
        layout: of its images; None takes it from the fixed number of channels.
        max_bytes: of the file and the files beside it together.

    Raises:
        ExportError: it is damaged, too large, reaches outside its folder, or has another input than images or latents.
    """
    model = _load(file, max_bytes)
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if not MIN_OPSET <= opset <= MAX_OPSET:
        raise ExportError(f"{file} is of opset {opset}, but {MIN_OPSET} to {MAX_OPSET} are read; export it again")
    stored = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in stored]
    if len(inputs) != 1 or not model.graph.output:
        names = ", ".join(value.name for value in inputs) or "none"
        raise ExportError(f"{file} has the inputs {names}; a network with exactly one, images or latents, is needed")
    tensor = inputs[0].type.tensor_type
    if tensor.elem_type not in _FLOATS:
        kind = TensorProto.DataType.Name(tensor.elem_type).lower()
        raise ExportError(f"{file} takes {kind} values, but images and latents are floating point; export it again")
    shape = tuple(axis.dim_value or None for axis in tensor.shape.dim)
    is_latent = len(shape) == 2 or (len(shape) == 4 and shape[2:] == (1, 1))
    if len(shape) != 4 and not is_latent:
        raise ExportError(
            f"{file} has an input of shape {_words(shape)}; images have four axes, latents two, or (N, z, 1, 1)"
        )
    found: Layout = layout or ("nchw" if is_latent else _layout(file, shape))
    channels = shape[1 if found == "nchw" else 3]
    if not is_latent and channels not in (None, 1, 3):
        raise ExportError(f"{file} takes images of {channels} channels ({_words(shape)}), but 1 or 3 can be given")
    output = model.graph.output[0].name
    return ForeignGraph(model, inputs[0].name, output, tensor.elem_type, shape, found, not is_latent)


def normalise(graph: ForeignGraph, convention: Convention, channels_out: int) -> onnx.ModelProto:
    """The graph between the contract's tensors: `images` or `latents` in, `translated` or `images` out.

    Batch, height and width become dynamic; whether the network bears that shows when it is run.

    Args:
        graph: as it came.
        convention: of its images.
        channels_out: of its output images, 1 or 3.
    """
    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    body = model.graph
    for name in _CONTRACT:
        _rename(body, name, f"own_{name}")
    given, made = (f"own_{name}" if name in _CONTRACT else name for name in (graph.given, graph.made))
    del body.value_info[:]
    taken = {name for node in body.node for name in (*node.input, *node.output)}
    taken |= {tensor.name for tensor in body.initializer}
    names = iter(name for index in range(10**6) if (name := f"contract_{index}") not in taken)
    before, after = _Chain(body, names), _Chain(body, names)
    if graph.is_translator:
        first, last = "images", "translated"
        _images_in(before, graph, convention, first)
        shape: list[int | str] = ["N", 3, "H", "W"]
    else:
        first, last = "latents", "images"
        before.begin(first)
        if len(graph.shape) == 4:
            before.add("Reshape", np.array([0, -1, 1, 1], np.int64))
        shape = ["N", graph.latent_dim]
    if graph.elements != TensorProto.FLOAT:
        before.add("Cast", to=graph.elements)
    before.end(given)
    after.begin(made)
    if graph.elements != TensorProto.FLOAT:
        after.add("Cast", to=TensorProto.FLOAT)
    _images_out(after, graph, convention, channels_out)
    after.end(last)
    own = list(body.node)
    del body.node[:], body.input[:], body.output[:]
    body.node.extend([*before.nodes, *own, *after.nodes])
    body.input.append(helper.make_tensor_value_info(first, TensorProto.FLOAT, shape))
    body.output.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, ["N", "C", "H", "W"]))
    return model


def fix_output(model: onnx.ModelProto, shape: Sequence[int | str]) -> None:
    """States the shape of the output, once a run has shown it."""
    name = model.graph.output[0].name
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))


def parameters(model: onnx.ModelProto) -> int:
    """How many numbers of floating point the graph holds."""
    return sum(prod(tensor.dims) for tensor in model.graph.initializer if tensor.data_type in _FLOATS)


class _Chain:
    """Nodes one behind the other."""

    def __init__(self, body: onnx.GraphProto, names: object) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self._body, self._names, self._at = body, names, ""

    def begin(self, name: str) -> None:
        """Starts at a tensor."""
        self._at = name

    def add(self, kind: str, *arrays: NDArray[np.generic], repeat: int = 1, **attributes: Any) -> None:
        """Appends an operator that takes the last tensor, `repeat` times, and constants."""
        constants = []
        for array in arrays:
            constants.append(next(self._names))  # type: ignore[call-overload]  # an iterator of names
            self._body.initializer.append(numpy_helper.from_array(array, constants[-1]))
        made = next(self._names)  # type: ignore[call-overload]  # likewise
        self.nodes.append(helper.make_node(kind, [self._at] * repeat + constants, [made], **attributes))
        self._at = made

    def end(self, name: str) -> None:
        """Gives the last tensor its name."""
        self.nodes.append(helper.make_node("Identity", [self._at], [name]))


def _images_in(chain: _Chain, graph: ForeignGraph, convention: Convention, first: str) -> None:
    low, high = convention.value_range
    scale = np.float32((high - low) / 2.0)
    chain.begin(first)
    if graph.channels_in == 1:
        chain.add("Conv", np.array(LUMA, np.float32).reshape(1, 3, 1, 1))
    elif convention.channels == "bgr":
        chain.add("Gather", np.array([2, 1, 0], np.int64), axis=1)
    if (low, high) != (-1.0, 1.0):
        chain.add("Mul", np.array(scale))
        chain.add("Add", np.array(scale + np.float32(low)))
    if graph.layout == "nhwc":
        chain.add("Transpose", perm=[0, 2, 3, 1])


def _images_out(chain: _Chain, graph: ForeignGraph, convention: Convention, channels: int) -> None:
    low, high = convention.value_range
    if graph.layout == "nhwc":
        chain.add("Transpose", perm=[0, 3, 1, 2])
    if (low, high) != (-1.0, 1.0):
        chain.add("Add", np.array(np.float32(-low)))
        chain.add("Mul", np.array(np.float32(2.0 / (high - low))))
        chain.add("Add", np.array(np.float32(-1.0)))
    chain.add("Max", np.array(np.float32(-1.0)))
    chain.add("Min", np.array(np.float32(1.0)))
    if convention.channels == "bgr" and channels == 3:
        chain.add("Gather", np.array([2, 1, 0], np.int64), axis=1)
    if channels == 1 and graph.is_translator:
        chain.add("Concat", repeat=3, axis=1)


def _load(file: Path, max_bytes: int) -> onnx.ModelProto:
    try:
        if file.stat().st_size > max_bytes:
            raise ExportError(f"{file} has more than {max_bytes:,} bytes")
        model = onnx.load(file, load_external_data=False)
    except (OSError, DecodeError, UnicodeDecodeError) as error:
        raise ExportError(f"{file} is no whole ONNX file: {error}") from error
    total = 0
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            entries = {entry.key: entry.value for entry in tensor.external_data}
            total += prod(tensor.dims) * 4
            _check_location(file, entries.get("location", ""))
    if total > max_bytes:
        raise ExportError(f"{file} and the files beside it have more than {max_bytes:,} bytes")
    try:
        onnx.load_external_data_for_model(model, str(file.parent))
        onnx.checker.check_model(model)
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        raise ExportError(f"{file} is no valid ONNX file: {str(error).strip().splitlines()[0][:200]}") from error
    return model


def _check_location(file: Path, location: str) -> None:
    """Weights beside the file may be read, nothing else."""
    place = PurePosixPath(location)
    target = file.parent / place
    if not location or place.is_absolute() or ".." in place.parts or "\\" in location or target.is_symlink():
        raise ExportError(f"{file} keeps weights in {location!r}, which is not in its own folder")
    if not target.is_file():
        raise ExportError(f"{file} keeps weights in {location}, which is not there: put the two files side by side")


def _layout(file: Path, shape: tuple[int | None, ...]) -> Layout:
    at_first, at_last = shape[1] in (1, 3), shape[3] in (1, 3)
    if at_first == at_last and (at_first or None not in (shape[1], shape[3])):
        raise ExportError(f"{file} takes {_words(shape)}: say by --layout nchw or nhwc where the channels are")
    return "nhwc" if at_last and not at_first else "nchw"


def _rename(body: onnx.GraphProto, old: str, new: str) -> None:
    """Renames a tensor, also where the branches of a node name it."""
    for value in (*body.input, *body.output, *body.initializer):
        if value.name == old:
            value.name = new
    for node in body.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
        for attribute in node.attribute:
            for branch in (attribute.g, *attribute.graphs):
                _rename(branch, old, new)


def _words(shape: Sequence[int | None]) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"


__all__ = ["Channels", "ForeignGraph", "fix_output", "normalise", "parameters", "read"]
