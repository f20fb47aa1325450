"""The contract between training and service: the contents of `manifest.json` in a model package.

Pydantic and the standard library only: training writes these models, the service reads them, and neither knows the
other. `models/manifest.schema.json` is the same as a JSON schema.
"""

import base64
import binascii
import hashlib
import json
import sys
import zlib
from math import prod
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"
NETWORK_SUFFIXES = (".onnx", ".pth", ".pt", ".safetensors")
"""Files that can become a package."""
NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,63}$"

Task = Literal["generate", "translate"]
Method = Literal["gan", "wgan", "wgan-gp", "dcgan", "pix2pix", "cyclegan", "other"]
NetworkName = Literal["generator", "discriminator", "encoder"]
Distribution = Literal["normal", "uniform"]

_BYTES_PER_VALUE = {"float32": 4, "uint8": 1}


def _plain_file_name(value: str) -> str:
    if not value or PurePosixPath(value).name != value or value.startswith("."):
        raise ValueError("must be the name of a file inside the package, without a folder")
    return value


FileName = Annotated[str, Field(max_length=128), AfterValidator(_plain_file_name)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=65_536)]
Dimension = Annotated[int, Field(ge=1)] | Literal["N", "H", "W"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tensor(_Part):
    """An input or output of a network: always float32.

    Attributes:
        name: the graph's own name of it.
        shape: numbers, or N, H, W for dynamic axes.
        range: smallest and largest value, if bounded.
    """

    name: str
    shape: tuple[Dimension, ...]
    range: tuple[float, float] | None = None


class Network(_Part):
    """An ONNX file, its digest, and its tensors.

    Attributes:
        weights: how the weights are stored; they are computed in float32 in any case. With int8, those that 8 bits
            would spoil are float16.
        parameters: how many trained numbers the file holds.
    """

    file: FileName
    sha256: Sha256
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    weights: Literal["float32", "float16", "int8"] = "float32"
    parameters: int = Field(ge=0)


class Image(_Part):
    """Size of a generator's images in px; for a translator, of its training images."""

    height: Size
    width: Size
    channels: Literal[1, 3]


class Latent(_Part):
    """Distribution of a generator's latents: `normal` is N(0, 1), `uniform` is U(-1, 1)."""

    dim: Size
    distribution: Distribution


class Array(_Part):
    """An array as text: base64 of zlib of its C-ordered little-endian bytes."""

    dtype: Literal["float32", "uint8"]
    shape: tuple[Annotated[int, Field(ge=1, le=65_536)], ...]
    data: str

    @classmethod
    def pack(cls, dtype: Literal["float32", "uint8"], shape: tuple[int, ...], raw: bytes) -> Self:
        """Packs the bytes of an array."""
        return cls(dtype=dtype, shape=shape, data=base64.b64encode(zlib.compress(raw, 9)).decode())

    def unpack(self) -> bytes:
        """The array's bytes.

        Raises:
            ValueError: the text does not hold an array of this dtype and shape.
        """
        expected = prod(self.shape) * _BYTES_PER_VALUE[self.dtype]
        try:
            # One byte more than expected is enough to detect that there are too many.
            raw = zlib.decompressobj().decompress(base64.b64decode(self.data, validate=True), expected + 1)
        except (binascii.Error, zlib.error) as error:
            raise ValueError(f"data is not base64 of zlib: {error}") from error
        if len(raw) != expected:
            raise ValueError(f"data holds {len(raw)} bytes or more, but shape {self.shape} needs {expected}")
        return raw


class Golden(_Part):
    """A reference image: an input, and the image that the network must return for it.

    Attributes:
        inputs: float32, by tensor name; the first axis is the batch.
        images: (N, H, W, C) uint8.
    """

    inputs: dict[str, Array]
    images: Array


class Direction(_Part):
    """A named direction in latent space; weight 1 is the smallest step that flips half of the samples."""

    name: str = Field(pattern=NAME_PATTERN)
    description: str
    vector: Array


class Metric(_Part):
    """A measured number, and how it was measured.

    Attributes:
        floor: what real data gets by the same protocol.
        reference: what a paper reports, with its source.
    """

    name: str
    value: float
    standard_error: float | None = None
    floor: float | None = None
    reference: str | None = None
    protocol: str


class Data(_Part):
    """What the model was trained on.

    Attributes:
        images: number of training images; None if it is not known, as for an imported model.
    """

    name: str
    source: str
    terms: str
    images: int | None = Field(ge=1)


class Training(_Part):
    """How the model was trained.

    Attributes:
        recipe: the recipe's name, and what was done to the network after its training.
        config: every hyper-parameter.
        images_seen: real images that went through the discriminator.
        device: what it was trained on.
        init_from: the package that initialised the run, as name, version and digest.
    """

    recipe: str
    config: dict[str, JsonValue]
    seed: int
    images_seen: int = Field(ge=0)
    device: str
    init_from: str | None = None


class Translation(_Part):
    """What a translator turns into what.

    Attributes:
        inverse: name of the model that leads back, if there is one.
        multiple: both sides of an input must be a multiple of it, in px.
    """

    source: str
    target: str
    inverse: str | None = Field(default=None, pattern=NAME_PATTERN)
    multiple: Size


class Manifest(_Part):
    """One version of one model.

    Attributes:
        architecture: the network in free text, for a model that was not trained here.
    """

    schema_version: Literal[1]
    name: str = Field(pattern=NAME_PATTERN)
    version: int = Field(ge=1, lt=2**31)
    task: Task
    method: Method
    description: str
    architecture: str | None = None
    licence: str
    data: Data
    training: Training
    metrics: tuple[Metric, ...]
    weaknesses: tuple[str, ...] = ()
    networks: dict[NetworkName, Network]
    image: Image
    latent: Latent | None = None
    classes: tuple[str, ...] | None = None
    directions: tuple[Direction, ...] = ()
    translation: Translation | None = None
    preview: FileName
    goldens: tuple[Golden, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _parts_fit_the_task(self) -> Self:
        if "generator" not in self.networks:
            raise ValueError("networks must hold a generator: the network that generates or translates")
        if self.task == "generate" and (self.latent is None or self.translation is not None):
            raise ValueError("a model that generates has a latent and no translation")
        if self.task == "translate" and (self.translation is None or self.latent is not None):
            raise ValueError("a model that translates has a translation and no latent")
        return self

    @model_validator(mode="after")
    def _shapes_agree(self) -> Self:
        """Goldens run before a package is served, so that what agrees with them agrees with the network."""
        if self.latent is None:
            self._goldens_are_pairs()
            return self
        fed = {"latents": (self.latent.dim,)} | ({"classes": (len(self.classes),)} if self.classes else {})
        expected = (self.image.height, self.image.width, self.image.channels)
        for golden in self.goldens:
            if {name: array.shape[1:] for name, array in golden.inputs.items()} != fed:
                raise ValueError(f"a golden's inputs do not have the shapes given by latent and classes: {fed}")
            if golden.images.shape[1:] != expected:
                raise ValueError(f"a golden's images do not have the shape given by image: {expected}")
        for direction in self.directions:
            if direction.vector.shape != (self.latent.dim,):
                raise ValueError(f"direction {direction.name} does not have the {self.latent.dim} numbers of a latent")
            direction.vector.unpack()
        return self

    @model_validator(mode="after")
    def _images_are_in_range(self) -> Self:
        """The service converts levels of 0 ... 255 to [-1, 1] and back, for every network."""
        for network in self.networks.values():
            for tensor in (*network.inputs, *network.outputs):
                if tensor.name in ("images", "translated") and tensor.range not in (None, (-1.0, 1.0)):
                    low, high = tensor.range
                    raise ValueError(
                        f"the tensor {tensor.name} has the range [{low:g}, {high:g}], but images of a package are in "
                        "[-1, 1]; `python -m training import --range` converts a network inside its graph"
                    )
        return self

    def _goldens_are_pairs(self) -> None:
        for golden in self.goldens:
            (count, height, width, channels), given = (*golden.images.shape, 0, 0, 0, 0)[:4], golden.inputs
            if channels != 3 or {name: array.shape for name, array in given.items()} != {
                "images": (count, 3, height, width)
            }:
                raise ValueError(
                    "a translator's golden has the input `images` (N, 3, H, W) and `images` (N, H, W, 3), its "
                    "translation of the same size"
                )

    @property
    def digest(self) -> str:
        """The model digest: that of the generator."""
        return self.networks["generator"].sha256


def sha256(raw: bytes) -> str:
    """The digest of a file's bytes, as manifests hold it."""
    return hashlib.sha256(raw).hexdigest()


def json_schema() -> str:
    """The manifest as a JSON schema, as `models/manifest.schema.json` holds it."""
    return json.dumps(Manifest.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(json_schema())
