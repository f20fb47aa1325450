"""Export of a torch module to ONNX: conversion, parity checks and storage of weights.

A graph has a dynamic batch axis and no training-mode layer, and the result of a row does not depend on the other rows
of the batch. Other graphs are rejected.
"""

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log10, prod
from typing import NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service.inference.session import Session
from service.repository import manifest
from service.repository.manifest import Network
from training.packaging.onnx import lowrank, subpixel
from training.packaging.onnx import weights as storage

Floats = NDArray[np.float32]

OPSET = 18
IR_VERSION = 10
_EXPORT_ROWS = 2
_TEST_ROWS = (1, 3, 8)
_PARITY = 1e-4  # maximum difference between the float32 graph and torch
_ROW_PARITY = 1e-5  # maximum difference between a row alone and the same row in a batch
_MIN_DB = {"float16": 50.0, "int8": 45.0}
_TRAINING_OPS = ("Dropout",)


class ExportError(RuntimeError):
    """The network cannot be served, or its graph differs from the network."""


@dataclass(frozen=True)
class Graph:
    """An exported network.

    Attributes:
        model: bytes of the ONNX file.
        network: entry in the manifest.
    """

    model: bytes
    network: Network


class Thin(NamedTuple):
    """Options of low-rank layers, which replace large dense layers.

    Attributes:
        rows: inputs by name, a few thousand rows; layers are fitted to three quarters of them and tested on the rest.
        least_db: minimum signal-to-noise ratio of the output with all low-rank layers, in dB.
    """

    rows: Mapping[str, Tensor]
    least_db: float


def build(
    module: nn.Module,
    examples: Mapping[str, Tensor],
    file: str,
    inputs: tuple[manifest.Tensor, ...],
    outputs: manifest.Tensor,
    weights: str = "auto",
    also: Sequence[Mapping[str, Tensor]] = (),
    thin: Thin | None = None,
) -> Graph:
    """Exports a network with one output and verifies its graph against the module.

    Args:
        module: in evaluation mode, float32, on the CPU.
        examples: realistic inputs by name, in the order of the arguments, 8 rows or more, for the parity checks.
        file: the ONNX file's name in the package.
        inputs: name, shape and range of each input.
        outputs: name, shape and range of the output.
        weights: `float32`; `float16`; `int8`, with float16 for weights that lose too much precision; `auto`: float16
            if the output stays above 50 dB, else float32.
        also: inputs of other sizes, for additional parity checks.
        thin: options of low-rank layers, which replace large dense layers; None disables them.

    Raises:
        ExportError: the graph differs from the module, a row depends on other rows of its batch, a training-mode
            layer is left, or the stored weights lose too much precision.
    """
    model = _export(module, examples, inputs, outputs.name)
    _refuse_training_ops(model)
    subpixel.rewrite(model)
    session = _session(model)
    for rows in _TEST_ROWS:
        _check_parity(module, session, {name: example[:rows] for name, example in examples.items()})
    for example in also:
        _check_parity(module, session, example)
    if thin is not None:
        model = _thinned(model, session, thin, outputs)
        session = _session(model)
    _check_rows(session, examples)
    stored, kind = _store(model, session, _fed(examples), outputs, weights)
    raw = stored.SerializeToString()
    described = Network(
        file=file,
        sha256=manifest.sha256(raw),
        inputs=inputs,
        outputs=(outputs,),
        weights=kind,
        parameters=_parameters(model, module),
    )
    return Graph(raw, described)


def decibels(reference: Floats, other: Floats, peak: float) -> float:
    """Peak signal-to-noise ratio in dB: 10 log10(peak^2 / mean squared error)."""
    error = float(np.mean(np.square(reference.astype(np.float64) - other)))
    return inf if error == 0.0 else 10.0 * log10(peak * peak / error)


def _export(
    module: nn.Module, examples: Mapping[str, Tensor], inputs: tuple[manifest.Tensor, ...], output_name: str
) -> onnx.ModelProto:
    if any(part.training for part in module.modules()):
        raise ExportError("the network is in training mode: BatchNorm and Dropout would work on the batch")
    # Sides by Dim.DYNAMIC: with a name, a U-Net's factor of 2^depth would have to be declared.
    kinds = {"N": torch.export.Dim("N", min=1), "H": torch.export.Dim.DYNAMIC, "W": torch.export.Dim.DYNAMIC}
    dynamic = tuple({axis: kinds[d] for axis, d in enumerate(t.shape) if isinstance(d, str)} for t in inputs)
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own use of torch
        logger.setLevel(logging.ERROR)  # and about torchvision, which is not needed
        try:
            program = torch.onnx.export(
                module,
                tuple(example[:_EXPORT_ROWS] for example in examples.values()),
                dynamo=True,
                opset_version=OPSET,
                input_names=list(examples),
                output_names=[output_name],
                dynamic_shapes=dynamic,
                verbose=False,
            )
        except Exception as error:  # the exporter's exceptions have no common base
            raise ExportError(f"the network cannot be exported: {str(error).splitlines()[0]}") from error
        finally:
            logger.setLevel(level)
    assert program is not None
    model = program.model_proto
    model.ir_version = min(model.ir_version, IR_VERSION)
    strip(model)
    return model


def strip(model: onnx.ModelProto) -> None:
    """Removes metadata about the exporting machine: paths, stack traces and the exporter's version."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.producer_name, model.producer_version = "ganvas", ""
    model.doc_string = model.graph.doc_string = ""
    del model.graph.value_info[:]  # the engine infers shapes by itself
    for part in (*model.graph.node, *model.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    for value in (*model.graph.input, *model.graph.output):
        del value.metadata_props[:]


def _refuse_training_ops(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        trains = any(attribute.name == "training_mode" and attribute.i for attribute in node.attribute)
        if trains or node.op_type in _TRAINING_OPS:
            raise ExportError(f"the graph still holds a training-mode {node.op_type} ({node.name})")


def _session(model: onnx.ModelProto) -> Session:
    return Session(model.SerializeToString(), torch.get_num_threads())


def _thinned(model: onnx.ModelProto, session: Session, thin: Thin, outputs: manifest.Tensor) -> onnx.ModelProto:
    """Replaces large dense layers by low-rank layers, within the limit on the signal-to-noise ratio."""
    count = 3 * len(next(iter(thin.rows.values()))) // 4
    fitted, tested = _fed(thin.rows, 0, count), _fed(thin.rows, count)
    reference = session.run(tested)

    def is_good(tried: onnx.ModelProto) -> bool:
        return decibels(reference, _session(tried).run(tested), _peak(outputs, reference)) >= thin.least_db

    return lowrank.rewrite(model, lambda part: _session(part).run(_needed(part, fitted)), is_good)


def _needed(model: onnx.ModelProto, fed: Mapping[str, Floats]) -> dict[str, Floats]:
    """Selects the inputs of a partial graph."""
    taken = {name for node in model.graph.node for name in node.input}
    return {name: rows for name, rows in fed.items() if name in taken}


def _parameters(model: onnx.ModelProto, module: nn.Module) -> int:
    """The number of parameters; with low-rank layers, that of the rewritten graph."""
    if not any(lowrank.is_thin(node) for node in model.graph.node):
        return sum(p.numel() for p in module.parameters())
    return sum(prod(tensor.dims) for tensor in model.graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT)


def _peak(outputs: manifest.Tensor, reference: Floats) -> float:
    """The peak of the signal-to-noise ratio: width of the output range or, without one, of the observed values."""
    return outputs.range[1] - outputs.range[0] if outputs.range else float(np.ptp(reference))


def _fed(examples: Mapping[str, Tensor], start: int = 0, end: int | None = None) -> dict[str, Floats]:
    """Converts rows of the examples to inputs of the engine."""
    return {name: example[start:end].numpy() for name, example in examples.items()}


def _check_parity(module: nn.Module, session: Session, example: Mapping[str, Tensor]) -> None:
    shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in example.items())
    try:
        with torch.inference_mode():
            expected = module(*example.values()).numpy()
        drawn = session.run(_fed(example))
    except Exception as error:  # exceptions of modules and the engine have no common base
        raise ExportError(f"with {shapes} the network or its graph fails: {error}") from error
    if drawn.shape != expected.shape:
        raise ExportError(f"with {shapes} the graph gives {drawn.shape}, but the network {expected.shape}")
    worst = float(np.abs(drawn - expected).max())
    if not worst <= _PARITY:  # also true for NaN
        raise ExportError(f"with {shapes} the graph differs from the network by {worst:.2g}, above {_PARITY}")


def _check_rows(session: Session, examples: Mapping[str, Tensor]) -> None:
    count = max(_TEST_ROWS)
    together = session.run(_fed(examples, 0, count))
    alone = np.concatenate([session.run(_fed(examples, row, row + 1)) for row in range(count)])
    worst = float(np.abs(together - alone).max())
    if not worst <= _ROW_PARITY * max(1.0, float(np.abs(together).max())):
        raise ExportError(f"a row's result depends on its neighbours: alone it differs by {worst:.2g}")


def _store(
    model: onnx.ModelProto, session: Session, fed: Mapping[str, Floats], outputs: manifest.Tensor, weights: str
) -> tuple[onnx.ModelProto, str]:
    if weights == "float32":
        return model, weights
    reference = session.run(fed)

    def quality(stored: onnx.ModelProto) -> float:
        return decibels(reference, _session(stored).run(fed), _peak(outputs, reference))

    kind = "float16" if weights == "auto" else weights
    stored = storage.store(model, kind)
    found = quality(stored)
    if found < _MIN_DB[kind] and kind == "int8":
        stored = _partly_int8(model, lambda tried: quality(tried) >= _MIN_DB["int8"]) or stored
        found = quality(stored)
    if found >= _MIN_DB[kind]:
        return stored, kind
    if weights == "auto":
        return model, "float32"
    raise ExportError(f"stored as {kind} the output has {found:.1f} dB, below {_MIN_DB[kind]} dB")


def _partly_int8(model: onnx.ModelProto, is_good: Callable[[onnx.ModelProto], bool]) -> onnx.ModelProto | None:
    """Stores as many large weights as possible as int8, the largest first, the others as float16; None if none fits."""
    best, kept = None, frozenset[str]()
    for name in storage.by_size(model):
        tried = storage.store(model, "int8", kept | {name})
        if is_good(tried):
            best, kept = tried, kept | {name}
    return best
