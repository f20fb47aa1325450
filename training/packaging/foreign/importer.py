"""Imports a checkpoint: recognises it, brings it to the contract, verifies it and writes a package."""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from service.imaging.pixels import Pixels
from service.repository import manifest
from training.packaging.folder import version_folders
from training.packaging.foreign import checkpoint, contract, examples, graphs, onnx_file
from training.packaging.foreign.architectures import Architecture, Options, recognise
from training.packaging.foreign.contract import Channels, Convention, Layout
from training.packaging.foreign.graphs import Built, Weights
from training.packaging.foreign.statement import Statement
from training.packaging.foreign.write import Imported, write_package
from training.packaging.onnx.export import ExportError, Graph

DEFAULT_SIZE_PX = 256
_NOTABLE_LEVELS = 4.0  # of 255, between an image's own statistics and those of the training


@dataclass(frozen=True)
class Settings:
    """How a file is to be read.

    Attributes:
        architecture: a key of `architectures.RECOGNISERS`, or `auto`.
        value_range: values of black and white; None takes the architecture's.
        layout: order of an ONNX file's axes; None takes it from the number of channels.
        channels: order of colours.
        size_px: of a translator's golden and preview; height and width of what an MLP generates.
        options: what keys and shapes cannot show.
        batch_statistics: whether BatchNorm normalises each image by its own statistics.
        weights: how weights of torch are stored.
        example: an image for golden and preview.
        discriminator: file of the state dict that is packed beside a generator.
    """

    architecture: str = "auto"
    value_range: tuple[float, float] | None = None
    layout: Layout | None = None
    channels: Channels = "rgb"
    size_px: int | None = None
    options: Options = field(default_factory=Options)
    batch_statistics: bool = False
    weights: Weights = "float32"
    example: Path | None = None
    discriminator: Path | None = None


def import_file(file: Path, models: Path, statement: Statement, settings: Settings) -> Imported:
    """Makes a package of a state dict or an ONNX file.

    Args:
        file: `.pth`, `.pt`, `.safetensors` or `.onnx`.
        models: folder of all packages.
        statement: what the user says of the model.
        settings: how the file is to be read.

    Raises:
        ExportError: the network cannot be served.
        CheckpointFileError: the file holds no state dict that may be read.
        UnknownArchitectureError: no architecture fits the state dict.
        SizeError: a translator's output has another size than its input.
    """
    version_folders(models, [statement.name], statement.version)  # refused before the export, which takes seconds
    if file.suffix not in (*checkpoint.SUFFIXES, ".onnx"):
        known = ", ".join((*checkpoint.SUFFIXES, ".onnx"))
        raise ExportError(f"{file} has the ending {file.suffix or '(none)'}, but {known} are imported")
    if file.suffix == ".onnx":
        return _import_onnx(file, models, statement, settings)
    found = recognise(checkpoint.read(file), replace(settings.options, size_px=settings.size_px), settings.architecture)
    origin = {"file": file.name, "sha256": manifest.sha256(file.read_bytes())}
    return package_architecture(found, models, statement, settings, origin)


def package_module(
    module: nn.Module,
    task: Literal["generate", "translate"],
    models: Path,
    statement: Statement,
    settings: Settings | None = None,
    architecture: str = "own module",
    latent_dim: int = 0,
    channels: tuple[int, int] = (3, 3),
) -> Imported:
    """Makes a package of a torch module of your own.

    Args:
        module: maps (N, C, H, W) images to the same, or (N, latent_dim) to (N, C, H, W); it is put into evaluation
            mode.
        task: what it does.
        models: folder of all packages.
        statement: what you say of the model; `name` at least.
        settings: value range and layout of its images, and an example image.
        architecture: free text for the card.
        latent_dim: numbers of a generator's latent.
        channels: of its input and its output images; a generator's input counts nothing.

    Returns:
        The package, which the service has verified as it verifies any other.

    Raises:
        ExportError: the network cannot be served.
        SizeError: a translator's output has another size than its input.
    """
    given, made = channels if task == "translate" else (0, channels[1])
    found = Architecture(architecture, module.eval().requires_grad_(False), task, (-1.0, 1.0), given, made, latent_dim)
    return package_architecture(found, models, statement, settings or Settings(), {})


def package_architecture(
    found: Architecture, models: Path, statement: Statement, settings: Settings, origin: dict[str, Any]
) -> Imported:
    """Makes a package of a recognised network; see `import_file`."""
    if found.task == "discriminate":
        raise ExportError(
            f"{found.name} is a discriminator; import its generator, and name this file by --discriminator"
        )
    convention = Convention(settings.value_range or found.value_range, settings.layout or "nchw", settings.channels)
    pixels = examples.load(settings.example, settings.size_px or DEFAULT_SIZE_PX)
    trained = found.module
    if settings.batch_statistics:
        if not contract.has_batch_norm(trained):
            raise ExportError("--batch-statistics is given, but the network has no batch normalization")
        found = replace(found, module=contract.with_batch_statistics(deepcopy(trained)))
    if found.task == "generate":
        built = graphs.generator(found, convention, statement.distribution, settings.weights)
        if settings.discriminator is not None:
            built.networks["discriminator"] = _discriminator(settings.discriminator, convention, built, settings)
    else:
        if settings.discriminator is not None:
            raise ExportError("--discriminator is for a generator; a translator's is not served")
        built = graphs.translator(found, convention, pixels, settings.weights)
        built = replace(built, notes=_statistics_note(found, trained, convention, pixels, built))
    described = {**origin, **_words(convention), "batch_statistics": settings.batch_statistics}
    method = statement.method or found.method
    return write_package(models, statement, built, found.name, method, described, pixels)


def _import_onnx(file: Path, models: Path, statement: Statement, settings: Settings) -> Imported:
    if settings.batch_statistics or settings.discriminator is not None or settings.architecture != "auto":
        raise ExportError(
            "--architecture, --batch-statistics and --discriminator are for state dicts, not for ONNX files"
        )
    graph = onnx_file.read(file, settings.layout)
    convention = Convention(settings.value_range or (-1.0, 1.0), graph.layout, settings.channels)
    pixels = examples.load(settings.example, settings.size_px or DEFAULT_SIZE_PX)
    built = graphs.foreign(graph, convention, pixels, statement.distribution)
    origin = {"file": file.name, "sha256": manifest.sha256(file.read_bytes()), **_words(convention)}
    return write_package(models, statement, built, "ONNX graph", statement.method or "other", origin, pixels)


def _discriminator(file: Path, convention: Convention, built: Built, settings: Settings) -> Graph:
    found = recognise(checkpoint.read(file), settings.options)
    if found.task != "discriminate":
        raise ExportError(f"{file} holds a {found.name}, not a discriminator")
    return graphs.discriminator(found, convention, built, settings.weights)


def _statistics_note(
    found: Architecture, trained: nn.Module, convention: Convention, pixels: Pixels, built: Built
) -> tuple[str, ...]:
    """A sentence if it matters whether BatchNorm takes an image's own statistics or those of the training."""
    if not contract.has_batch_norm(trained):
        return ()
    own = contract.with_batch_statistics(deepcopy(trained))
    images = torch.from_numpy(examples.batch(pixels, *built.size_px, 1))
    one, other = (graphs.normalized(replace(found, module=module), convention) for module in (trained, own))
    levels = graphs.difference_levels(one, other, images)
    if levels <= _NOTABLE_LEVELS:
        return ()
    return (
        f"batch normalization with the image's own statistics (--batch-statistics, as pix2pix's test script runs) "
        f"changes the example by {levels:.1f} levels of 255 on average; compare both with your training's own results",
    )


def _words(convention: Convention) -> dict[str, Any]:
    low, high = convention.value_range
    return {"range": [low, high], "layout": convention.layout, "channels": convention.channels}
