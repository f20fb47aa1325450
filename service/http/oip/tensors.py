"""Tensors of the Open Inference Protocol to arrays and back, JSON or binary. Knows neither HTTP nor models' queues.

References:
    Open Inference Protocol, version 2, and Triton's binary tensor data extension.
"""

import json
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from service.errors import Invalid, Malformed, TooLarge
from service.http.oip.schemas import InferRequest, InputTensor
from service.imaging.pixels import Floats
from service.repository.manifest import Manifest

OUTPUT = "images"
"""The generator's output, whatever its name in the ONNX file."""

_MAX_JSON_VALUES = 1_000_000
_DATATYPE = "FP32"


def parse(raw: bytes, header_length: str | None) -> tuple[InferRequest, bytes]:
    """The JSON of an infer request, and the binary data behind it.

    Args:
        raw: the body.
        header_length: the header Inference-Header-Content-Length, if given.

    Raises:
        Malformed: the header is no number.
        Invalid: the header is beyond the body.
        ValidationError: the JSON does not parse, or is not of this protocol.
    """
    if header_length is None:
        return InferRequest.model_validate_json(raw), b""
    if not (header_length.isascii() and header_length.isdigit() and len(header_length) < 10):
        raise Malformed("Inference-Header-Content-Length must be a number of bytes")
    length = int(header_length)
    if length > len(raw):
        raise Invalid(f"Inference-Header-Content-Length is {length}, but the body has {len(raw)} bytes")
    return InferRequest.model_validate_json(raw[:length]), raw[length:]


def arrays(request: InferRequest, binary: bytes, wanted: Mapping[str, Sequence[int]]) -> dict[str, Floats]:
    """The inputs by name.

    Args:
        request: the JSON of the request.
        binary: the data behind the JSON.
        wanted: the inputs' shapes; -1 is any size.

    Raises:
        Invalid: other inputs, shapes, types or sizes, or values that are not finite.
    """
    names = [tensor.name for tensor in request.inputs]
    if sorted(names) != sorted(wanted):
        raise Invalid(f"this model takes the inputs {', '.join(wanted)}, but {', '.join(names)} were given")
    found, offset = {}, 0
    for tensor in request.inputs:
        size = tensor.parameters.binary_data_size
        part = None if size is None else binary[offset : offset + size]
        offset += size or 0
        found[tensor.name] = _array(tensor, part, wanted[tensor.name])
    if offset != len(binary):
        raise Invalid(f"the inputs name {offset} bytes of binary data, but {len(binary)} follow the JSON")
    if len({len(array) for array in found.values()}) > 1:
        raise Invalid("all inputs must have the same number of rows")
    return found


def _array(tensor: InputTensor, part: bytes | None, wanted: Sequence[int]) -> Floats:
    where = f"input {tensor.name}"
    if tensor.datatype != _DATATYPE:
        raise Invalid(f"{where} must be of {_DATATYPE}, not {tensor.datatype}")
    shape = tensor.shape
    fits = len(shape) == len(wanted) and all(size in (-1, given) for size, given in zip(wanted, shape, strict=True))
    if not fits or 0 in shape:
        raise Invalid(f"{where} must have the shape {list(wanted)}, but has {shape}")
    if (tensor.data is None) == (part is None):
        raise Invalid(f"{where} must have either data, or parameters.binary_data_size and the bytes behind the JSON")
    values = _numbers(tensor, where) if part is None else _bytes(part, prod(shape), where)
    if values.size != prod(shape):
        raise Invalid(f"{where} holds {values.size} values, but its shape {shape} needs {prod(shape)}")
    if not np.isfinite(values).all():
        raise Invalid(f"{where} holds a value that is not finite")
    return values.reshape(shape)


def _bytes(part: bytes, count: int, where: str) -> Floats:
    if len(part) != 4 * count:
        raise Invalid(f"{where} has {len(part)} bytes of binary data, but its shape needs {4 * count}")
    return np.frombuffer(part, "<f4").astype(np.float32)


def _numbers(tensor: InputTensor, where: str) -> Floats:
    try:
        values = np.array(tensor.data)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{where} has data whose rows are not equally long") from error
    if values.size and values.dtype.kind not in "iuf":
        raise Invalid(f"{where} has data that are not numbers, or rows that are not equally long")
    with np.errstate(over="ignore"):  # what is beyond float32's range becomes infinite, and is refused
        return values.astype(np.float32).ravel()


def shapes(manifest: Manifest) -> tuple[dict[str, list[int]], list[int]]:
    """The inputs' shapes by name, and the output's, of the generator; -1 is any size."""
    network = manifest.networks["generator"]
    inputs = {tensor.name: _open(tensor.shape) for tensor in network.inputs}
    return inputs, _open(network.outputs[0].shape)


def _open(shape: Sequence[int | str]) -> list[int]:
    return [size if isinstance(size, int) else -1 for size in shape]


def wants_binary(request: InferRequest) -> bool:
    """Whether the output is to be binary.

    Raises:
        Invalid: the request names another output.
    """
    if request.outputs is None:
        return request.parameters.binary_data_output
    if [output.name for output in request.outputs] != [OUTPUT]:
        raise Invalid(f"this model has one output, {OUTPUT}")
    own = request.outputs[0].parameters.binary_data
    return request.parameters.binary_data_output if own is None else own


def encode(request: InferRequest, name: str, version: int, output: Floats, binary: bool) -> tuple[bytes, int | None]:
    """The body of a response, and the length of its JSON if binary data follow it.

    Raises:
        TooLarge: too many values for JSON.
    """
    if not binary and output.size > _MAX_JSON_VALUES:
        raise TooLarge(f"the response has {output.size} values; request binary data, or send fewer rows")
    tensor: dict[str, Any] = {"name": OUTPUT, "datatype": _DATATYPE, "shape": list(output.shape)}
    raw = output.astype("<f4").tobytes() if binary else b""
    tensor |= {"parameters": {"binary_data_size": len(raw)}} if binary else {"data": output.ravel().tolist()}
    document: dict[str, Any] = {"model_name": name, "model_version": str(version), "outputs": [tensor]}
    if request.id is not None:
        document["id"] = request.id
    head = json.dumps(document, separators=(",", ":")).encode()
    return head + raw, len(head) if binary else None
