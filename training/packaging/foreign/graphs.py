"""Graphs of imported networks, brought to the contract and compared with the original."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service.errors import EngineError, PackageError
from service.imaging.pixels import Pixels
from service.inference.session import Session
from service.pipelines import latents
from service.repository import manifest
from service.repository.manifest import Distribution, Network, NetworkName
from training.packaging.foreign import contract, examples, onnx_file, sizes
from training.packaging.foreign.architectures import Architecture
from training.packaging.foreign.contract import Convention
from training.packaging.foreign.onnx_file import ForeignGraph
from training.packaging.onnx import export
from training.packaging.onnx.export import ExportError, Graph

Floats = NDArray[np.float32]
Weights = Literal["float32", "float16", "int8", "auto"]

_ROWS = 8
_PARITY = 1e-4  # of the range [-1, 1]
_HALF_PARITY = 4e-3  # the same for values of 16 bits
_IMAGES = (-1.0, 1.0)


@dataclass(frozen=True)
class Built:
    """Networks of the contract, and what is known of them.

    Attributes:
        networks: by name.
        channels: of a generator's images, 1 or 3; a translator always has 3.
        size_px: height and width of a generator's images, or of a translator's example.
        latent_dim: of a generator; 0 for a translator.
        multiple: of both sides of a translator's images, in px.
        notes: what the user should know, a sentence each.
    """

    networks: dict[NetworkName, Graph]
    channels: Literal[1, 3]
    size_px: tuple[int, int]
    latent_dim: int = 0
    multiple: int = 1
    notes: tuple[str, ...] = field(default=())

    @property
    def is_translator(self) -> bool:
        """Whether it reads images."""
        return not self.latent_dim


def translator(found: Architecture, convention: Convention, pixels: Pixels, weights: Weights) -> Built:
    """A translator of torch, exported and compared with torch at two sizes and batches of 1, 3 and 8.

    Args:
        found: the network; BatchNorm as it is to be served.
        convention: of its images.
        pixels: (H, W, 3) uint8, an image as users will send it.
        weights: how they are stored.

    Raises:
        ExportError: the network cannot be exported, or its graph differs by more than 1e-4.
        SizeError: its output has another size than its input.
    """
    module = normalized(found, convention)
    multiple = sizes.multiple(sizes.of_module(module, 3))
    least = -(-sizes.MIN_PX // multiple) * multiple
    taller = least + multiple
    graph = export.build(
        module,
        {"images": torch.from_numpy(examples.batch(pixels, least, taller, _ROWS))},
        "generator.onnx",
        (manifest.Tensor(name="images", shape=("N", 3, "H", "W"), range=_IMAGES),),
        manifest.Tensor(name="translated", shape=("N", 3, "H", "W"), range=_IMAGES),
        weights,
        also=[{"images": torch.from_numpy(examples.batch(pixels, *_second(pixels, multiple), 1))}],
    )
    return Built({"generator": graph}, 3, _second(pixels, multiple), multiple=multiple)


def generator(found: Architecture, convention: Convention, distribution: Distribution, weights: Weights) -> Built:
    """A generator of torch that reads latents, exported and compared with torch at batches of 1, 3 and 8.

    Raises:
        ExportError: the network cannot be exported, or its graph differs by more than 1e-4.
    """
    channels = _channels(found.channels_out)
    module = contract.Normalized(found.module, convention, 0, channels, as_rgb=False).eval()
    rows = torch.from_numpy(seed_latents(_ROWS, found.latent_dim, distribution))
    with torch.inference_mode():
        _, deep, height, width = module(rows[:1]).shape
    graph = export.build(
        module,
        {"latents": rows},
        "generator.onnx",
        (manifest.Tensor(name="latents", shape=("N", found.latent_dim)),),
        manifest.Tensor(name="images", shape=("N", deep, height, width), range=_IMAGES),
        weights,
    )
    return Built({"generator": graph}, channels, (height, width), found.latent_dim)


def discriminator(found: Architecture, convention: Convention, beside: Built, weights: Weights) -> Graph:
    """A discriminator for the images of a generator.

    Raises:
        ExportError: it does not read images of this size, or does not give one number per image.
    """
    channels = _channels(found.channels_in)
    height, width = beside.size_px
    module = contract.Normalized(found.module, convention, channels, 0, as_rgb=False).eval()
    images = torch.from_numpy(_generated(beside, _ROWS))
    try:
        with torch.inference_mode():
            shape = tuple(module(images[:1]).shape)
    except RuntimeError as error:
        raise ExportError(f"the discriminator does not read the generator's images: {error}") from error
    if shape != (1, 1):
        raise ExportError(f"a discriminator gives one number per image, but this one gives {shape[1:]}")
    return export.build(
        module,
        {"images": images},
        "discriminator.onnx",
        (manifest.Tensor(name="images", shape=("N", channels, height, width), range=_IMAGES),),
        manifest.Tensor(name="logits", shape=("N", 1)),
        weights,
    )


def foreign(graph: ForeignGraph, convention: Convention, pixels: Pixels, distribution: Distribution) -> Built:
    """An ONNX graph brought to the contract, and compared with the original at batches of 1 and 3 and two sizes.

    Raises:
        ExportError: it cannot be run, has another output than images, or does not bear other batches or sizes.
        SizeError: a translator's output has another size than its input.
    """
    original = _session(graph.model.SerializeToString())
    rows = _first_rows(graph, pixels, distribution)
    made = _run(original, {graph.given: graph.example(rows, convention)}, "as it came")
    if made.ndim != 4:
        raise ExportError(f"the network's first output has the shape {made.shape}, not that of images")
    channels = made.shape[1 if graph.layout == "nchw" else 3]
    if channels not in (1, 3):
        raise ExportError(f"the network's first output has {channels} channels; images have 1 or 3")
    model = onnx_file.normalise(graph, convention, channels)
    first = "images" if graph.is_translator else "latents"
    session = _session(model.SerializeToString())
    expected = graph.images(made, convention)
    _compare(_run(session, {first: rows}, "brought to the contract"), expected, graph)
    three = _run(session, {first: np.concatenate([rows] * 3)}, "with a batch of three")
    _compare(three, np.concatenate([expected] * 3), graph)
    if not graph.is_translator:
        height, width = expected.shape[2:]
        shape: tuple[int | Literal["N", "H", "W"], ...] = ("N", channels, height, width)
        onnx_file.fix_output(model, shape)
        inputs = manifest.Tensor(name="latents", shape=("N", graph.latent_dim))
        network = _described(model, inputs, manifest.Tensor(name="images", shape=shape, range=_IMAGES))
        return Built({"generator": network}, channels, (height, width), graph.latent_dim)
    multiple = sizes.multiple(_sizes_of(session))
    onnx_file.fix_output(model, ("N", 3, "H", "W"))
    inputs = manifest.Tensor(name="images", shape=("N", 3, "H", "W"), range=_IMAGES)
    outputs = manifest.Tensor(name="translated", shape=("N", 3, "H", "W"), range=_IMAGES)
    return Built({"generator": _described(model, inputs, outputs)}, 3, _second(pixels, multiple), multiple=multiple)


def normalized(found: Architecture, convention: Convention) -> nn.Module:
    """A translator between the contract and its own convention."""
    given, made = _channels(found.channels_in), _channels(found.channels_out)
    return contract.Normalized(found.module, convention, given, made, as_rgb=True).eval()


def seed_latents(count: int, dim: int, distribution: Distribution) -> Floats:
    """(count, dim) float32: the latents of the seeds 0 to count - 1, as the service generates them."""
    return np.stack([latents.draw(seed, dim, distribution) for seed in range(count)])


def difference_levels(one: nn.Module, other: nn.Module, images: Tensor) -> float:
    """Mean absolute difference of two networks' outputs in levels of 255."""
    with torch.inference_mode():
        return float((one(images) - other(images)).abs().mean()) * 127.5


def _channels(count: int) -> Literal[1, 3]:
    if count not in (1, 3):
        raise ExportError(f"the network has images of {count} channels; packages hold networks of 1 or 3")
    return 1 if count == 1 else 3


def _second(pixels: Pixels, multiple: int) -> tuple[int, int]:
    """The example's size, brought up to the multiple."""
    height, width = pixels.shape[:2]
    return -(-height // multiple) * multiple, -(-width // multiple) * multiple


def _first_rows(graph: ForeignGraph, pixels: Pixels, distribution: Distribution) -> Floats:
    """One row of the contract: at the graph's own size, if that is fixed."""
    if not graph.is_translator:
        return seed_latents(1, graph.latent_dim, distribution)
    height, width = graph.shape[2:] if graph.layout == "nchw" else graph.shape[1:3]
    return examples.batch(pixels, height or pixels.shape[0], width or pixels.shape[1], 1)


def _sizes_of(session: Session) -> sizes.OutputSize:
    def output_size(height: int, width: int) -> tuple[int, int] | None:
        try:
            made = session.run({"images": np.zeros((1, 3, height, width), np.float32)})
        except EngineError:
            return None
        return made.shape[2], made.shape[3]

    return output_size


def _session(raw: bytes) -> Session:
    try:
        return Session(raw, torch.get_num_threads(), any_size=True)
    except PackageError as error:
        raise ExportError(f"the service's engine does not load the network: {error}") from error


def _run(session: Session, inputs: dict[str, NDArray[np.floating]], how: str) -> Floats:
    try:
        return session.run(inputs)
    except EngineError as error:
        raise ExportError(f"{how} the network cannot be run, export it with dynamic axes: {error}") from error


def _compare(made: Floats, expected: Floats, graph: ForeignGraph) -> None:
    if made.shape != expected.shape:
        raise ExportError(f"the graph gives the shape {made.shape}, but {expected.shape} is right")
    worst = float(np.abs(made - expected).max())
    limit = _HALF_PARITY if graph.is_half else _PARITY
    if not worst <= limit:  # also true for NaN
        raise ExportError(f"a row's result depends on the batch, or is not finite: it differs by {worst:.2g}")


def _described(model: onnx.ModelProto, inputs: manifest.Tensor, outputs: manifest.Tensor) -> Graph:
    export.strip(model)
    raw = model.SerializeToString()
    network = Network(
        file="generator.onnx",
        sha256=manifest.sha256(raw),
        inputs=(inputs,),
        outputs=(outputs,),
        weights="float32",
        parameters=onnx_file.parameters(model),
    )
    return Graph(raw, network)


def _generated(built: Built, count: int) -> Floats:
    run = _session(built.networks["generator"].model)
    return run.run({"latents": seed_latents(count, built.latent_dim, "normal")})
