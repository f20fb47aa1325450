"""Bodies of the Open Inference Protocol, version 2. Unknown members are allowed: the protocol has extensions."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool


class _Message(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class TensorParameters(_Message):
    """Of the binary extension.

    Attributes:
        binary_data_size: bytes of this input behind the JSON.
        binary_data: whether this output is to be binary.
    """

    binary_data_size: Annotated[int | None, Field(ge=0, strict=True)] = None
    binary_data: StrictBool | None = None


class InputTensor(_Message):
    """One input: in JSON as `data`, flat or nested, or behind the JSON as little-endian bytes."""

    name: Annotated[str, Field(max_length=64)]
    shape: Annotated[list[Annotated[int, Field(ge=0, le=1_000_000, strict=True)]], Field(min_length=1, max_length=4)]
    datatype: Annotated[str, Field(max_length=16)]
    parameters: TensorParameters = TensorParameters()
    data: list[JsonValue] | None = None


class RequestedOutput(_Message):
    """One output that is wanted."""

    name: Annotated[str, Field(max_length=64)]
    parameters: TensorParameters = TensorParameters()


class InferParameters(_Message):
    """`binary_data_output` is the default of every output's `binary_data`."""

    binary_data_output: StrictBool = False


class InferRequest(_Message):
    """Rows for a model's main network."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"inputs": [{"name": "latents", "shape": [1, 2], "datatype": "FP32", "data": [0.5, -1.5]}]},
            ]
        }
    )

    id: Annotated[str | None, Field(max_length=256)] = None
    parameters: InferParameters = InferParameters()
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=8)]
    outputs: Annotated[list[RequestedOutput] | None, Field(min_length=1, max_length=8)] = None


class OutputTensor(_Message):
    """The network's output: flat as `data`, or behind the JSON, `binary_data_size` bytes long."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float] | None = None
    parameters: dict[str, int] | None = None


class InferAnswer(_Message):
    """The JSON of an infer response."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_name": "mnist-gan",
                    "model_version": "1",
                    "outputs": [{"name": "images", "datatype": "FP32", "shape": [1, 1, 1, 2], "data": [-1.0, 0.5]}],
                }
            ]
        }
    )

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class ServerMetadata(_Message):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(_Message):
    """A tensor: -1 is any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(_Message):
    """A model's main network."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class IndexEntry(_Message):
    """One version in the models folder."""

    name: str
    version: str
    state: str
    reason: str


class Readiness(_Message):
    """Whether it accepts requests."""

    ready: bool


class Liveness(_Message):
    """Whether it is alive."""

    live: bool


class ProtocolError(_Message):
    """An error in this protocol's form."""

    error: str
