"""Loads the weights of exported ONNX graphs back into trainable networks.

Export folds a BatchNorm into the layer before it if possible (docs/decisions/0002-batchnorm-is-folded.md). One pass
over fresh inputs restores it: with gamma set to the standard deviation and beta to the mean of the folded layer's
output, BatchNorm in training mode is the identity.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.utils.hooks import RemovableHandle

from training.packaging.onnx import lowrank, subpixel

Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d
Arrays = dict[str, NDArray[np.float32]]

_LAYER_OPS = ("Gemm", "Conv", "ConvTranspose")
_NORM_OPS = ("BatchNormalization", "InstanceNormalization")
_POWER_ITERATIONS = 500


class RestoreError(ValueError):
    """The graph belongs to another network; the message describes the difference."""


@torch.no_grad()
def load(module: nn.Module, model: bytes, inputs: tuple[Tensor, ...]) -> None:
    """Loads the weights of an exported network into a module, in place.

    Layers and nodes are matched by their order of execution, since the exporter gives equal weights one name.

    Args:
        module: has the architecture of the exported network.
        model: bytes of the ONNX file.
        inputs: a few hundred rows or more of realistic inputs, for BatchNorm's statistics.

    Raises:
        RestoreError: the graph belongs to another network.
    """
    device = next(module.parameters()).device
    inputs = tuple(part.to(device) for part in inputs)
    loaded = onnx.load_from_string(model)
    subpixel.restore(loaded)
    graph = loaded.graph
    values = _values(graph)
    whole = lowrank.restore(graph.node, values)
    nodes = [node for node in whole if node.op_type in (*_LAYER_OPS, *_NORM_OPS) and not _filters(node)]
    biases: dict[nn.Module, Tensor] = {}
    folded: list[BatchNorm] = []
    steps = _worked(module, inputs)
    for step, layer in enumerate(steps):
        if isinstance(layer, BatchNorm) and not (nodes and nodes[0].op_type == "BatchNormalization"):
            folded.append(layer)
            continue
        if not nodes or not _fits(layer, nodes[0]):
            raise RestoreError(f"the network's layer {step + 1}, {_name(module, layer)}, is not in the package's graph")
        extra = _take(_name(module, layer), layer, nodes.pop(0), values)
        if extra is not None:
            biases[layer] = extra
    if nodes:
        raise RestoreError(f"the package's graph has {len(nodes)} layers more than the network")
    if any(isinstance(layer, BatchNorm) for layer in steps):
        _calibrate(module, inputs, folded, biases)
    if any(parametrize.is_parametrized(layer) for layer in steps):
        for _ in range(_POWER_ITERATIONS):  # each pass improves the estimate of the spectral norm, which is near 1
            module.train()(*(part[:2] for part in inputs))


def _filters(node: onnx.NodeProto) -> bool:
    """Whether a convolution is depthwise: only the fixed filter of `networks.upsampling` is."""
    return any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)


def _values(graph: onnx.GraphProto) -> Arrays:
    """The weights by name, converted from their stored form to float32."""
    values = {tensor.name: numpy_helper.to_array(tensor).astype(np.float32) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
        elif node.op_type == "Mul" and all(name in values for name in node.input):
            values[node.output[0]] = values[node.input[0]] * values[node.input[1]]
    return values


def _worked(module: nn.Module, inputs: tuple[Tensor, ...]) -> list[nn.Module]:
    """Layers and norms in their order of execution."""
    worked: list[nn.Module] = []
    with _hooked(
        part.register_forward_pre_hook(lambda part, _: worked.append(part))
        for part in module.modules()
        if isinstance(part, Layer | BatchNorm | nn.InstanceNorm2d)
    ):
        module.eval()(*(part[:2] for part in inputs))
    return worked


def _fits(layer: nn.Module, node: onnx.NodeProto) -> bool:
    if node.op_type in _NORM_OPS:
        return isinstance(layer, BatchNorm if node.op_type == "BatchNormalization" else nn.InstanceNorm2d)
    return isinstance(layer, Layer)


def _take(name: str, layer: nn.Module, node: onnx.NodeProto, values: Arrays) -> Tensor | None:
    """Copies one node's weights.

    Returns:
        The bias in the graph of a layer without bias; it belongs to the BatchNorm after it.
    """
    weights = [torch.from_numpy(values[part]) for part in node.input[1:]]
    if isinstance(layer, Layer):
        if node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute):
            weights[0] = weights[0].T
        _copy(name, _weight(layer), weights[0])
        if layer.bias is not None:
            _copy(name, layer.bias, weights[1] if len(weights) > 1 else torch.zeros_like(layer.bias))
            return None
        return weights[1] if len(weights) > 1 else None
    assert isinstance(layer, BatchNorm | nn.InstanceNorm2d)
    fields = ("weight", "bias", "running_mean", "running_var")
    for field, values_of in zip(fields, weights, strict=False):
        own = getattr(layer, field)
        if own is not None:
            _copy(name, own, values_of)
    return None


def _weight(layer: Layer) -> Tensor:
    """The trainable weight; under a spectral norm, the exported weight already has norm 1."""
    if not parametrize.is_parametrized(layer, "weight"):
        return layer.weight
    original: Tensor = layer.get_parameter("parametrizations.weight.original")
    return original


def _copy(name: str, own: Tensor, given: Tensor) -> None:
    if own.shape != given.shape:
        raise RestoreError(
            f"{name} is {tuple(own.shape)} in the recipe, but {tuple(given.shape)} in the package: give the recipe the "
            "package's widths"
        )
    own.copy_(given)


def _calibrate(
    module: nn.Module, inputs: tuple[Tensor, ...], folded: list[BatchNorm], biases: dict[nn.Module, Tensor]
) -> None:
    """One pass in training mode: folded norms become the identity, and every norm stores this batch's statistics."""
    norms = [part for part in module.modules() if isinstance(part, BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    hooks = [norm.register_forward_pre_hook(_make_identity) for norm in folded if norm.affine]
    hooks += [layer.register_forward_hook(_with_bias(bias)) for layer, bias in biases.items()]
    with _hooked(iter(hooks)):
        module.train()(*inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _make_identity(norm: nn.Module, given: tuple[Tensor, ...]) -> None:
    assert isinstance(norm, BatchNorm)
    axes = tuple(axis for axis in range(given[0].ndim) if axis != 1)
    variance, mean = torch.var_mean(given[0], axes, correction=0)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean)


def _with_bias(bias: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    """A forward hook that adds the bias of a folded BatchNorm."""
    return lambda _layer, _given, out: out + bias.to(out.device).reshape(-1, *(1,) * (out.ndim - 2))


def _name(module: nn.Module, layer: nn.Module) -> str:
    name: str = next(name for name, part in module.named_modules() if part is layer)
    return name


@contextmanager
def _hooked(handles: Iterator[RemovableHandle]) -> Iterator[None]:
    kept = list(handles)
    try:
        yield
    finally:
        for handle in kept:
            handle.remove()
