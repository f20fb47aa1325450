"""Whole, valid model packages over the tiny graphs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.imaging import codecs
from service.imaging.pixels import grid, to_uint8
from service.inference.session import Session
from service.repository import manifest
from service.repository.manifest import Array, Direction, Golden, Manifest, Network
from tests.builders.graphs import discriminator_graph, encoder_graph, generator_graph

N_CLASSES = 3
CLASSES = ("circle", "square", "star")


def _network(file: str, raw: bytes) -> Network:
    session = Session(raw, threads=1)
    inputs, outputs = (
        tuple(manifest.Tensor(name=name, shape=tuple(shape)) for name, shape in part.items())
        for part in (session.inputs, session.outputs)
    )
    return Network(file=file, sha256=manifest.sha256(raw), inputs=inputs, outputs=outputs, parameters=1)


def _pack(values: NDArray[np.float32]) -> Array:
    return Array.pack("float32", values.shape, values.astype("<f4").tobytes())


def write_package(
    models: Path,
    name: str = "tiny",
    version: int = 1,
    *,
    channels: int = 1,
    conditional: bool = False,
    distribution: manifest.Distribution = "normal",
    discriminator: str | None = "logits",
    encoder: bool = False,
    directions: Mapping[str, NDArray[np.float32]] | None = None,
    seed: int = 0,
    generator: bytes | None = None,
    **overrides: Any,
) -> Path:
    """A whole, valid model package over tiny graphs.

    Args:
        models: folder of all packages.
        channels: of the images, 1 or 3.
        conditional: adds the classes CLASSES.
        distribution: of the latents.
        discriminator: name of its output, `logits` or `scores`; None omits the discriminator.
        encoder: adds an encoder.
        directions: named directions, (Z_DIM,) each.
        seed: of the weights.
        generator: another graph without classes. If its images have another size, pass `discriminator=None`.
        **overrides: fields of the manifest to replace.

    Returns:
        The package's folder.
    """
    folder = models / name / str(version)
    folder.mkdir(parents=True)
    n_classes = N_CLASSES if conditional else 0
    files = {"generator": generator or generator_graph(channels, n_classes, seed)}
    session = Session(files["generator"], threads=1)
    (_, z_dim), (_, channels, height, width) = session.inputs["latents"], session.outputs["images"]
    if discriminator:
        files["discriminator"] = discriminator_graph(channels, discriminator, n_classes, seed + 1)
    if encoder:
        files["encoder"] = encoder_graph(channels)
    for network, raw in files.items():
        (folder / f"{network}.onnx").write_bytes(raw)
    inputs = {"latents": np.random.default_rng(7).normal(0, 1, (2, z_dim)).astype(np.float32)}
    if conditional:
        inputs["classes"] = np.eye(N_CLASSES, dtype=np.float32)[:2]
    images = to_uint8(session.run(inputs))
    (folder / "preview.png").write_bytes(codecs.encode(grid(images, 2), "png"))
    golden = Golden(
        inputs={key: _pack(values) for key, values in inputs.items()},
        images=Array.pack("uint8", images.shape, images.tobytes()),
    )
    fields: dict[str, Any] = {
        "schema_version": manifest.SCHEMA_VERSION,
        "name": name,
        "version": version,
        "task": "generate",
        "method": "wgan" if discriminator == "scores" else "gan",
        "description": "A tiny generator for tests.",
        "licence": "Apache-2.0",
        "data": manifest.Data(name="Noise", source="made in code", terms="none", images=1),
        "training": manifest.Training(recipe="none", config={}, seed=0, images_seen=0, device="none"),
        "metrics": (),
        "networks": {key: _network(f"{key}.onnx", raw) for key, raw in files.items()},
        "image": manifest.Image(height=height, width=width, channels=channels),
        "latent": manifest.Latent(dim=z_dim, distribution=distribution),
        "classes": CLASSES if conditional else None,
        "directions": tuple(
            Direction(name=key, description=key, vector=_pack(values)) for key, values in (directions or {}).items()
        ),
        "preview": "preview.png",
        "goldens": (golden,),
    }
    described = Manifest.model_validate(fields | overrides)
    (folder / manifest.FILE_NAME).write_text(described.model_dump_json())
    return folder


def write_translator(
    models: Path,
    name: str,
    graph: bytes,
    version: int = 1,
    *,
    multiple: int = 1,
    inverse: str | None = None,
    side: int = 32,
    **overrides: Any,
) -> Path:
    """A whole, valid package of a translator.

    Args:
        models: folder of all packages.
        graph: from images to images.
        multiple: the sides of an input must be a multiple of this, in px.
        inverse: name of the model of the opposite direction.
        side: of the training images, in px.
        **overrides: fields of the manifest to replace.

    Returns:
        The package's folder.
    """
    folder = models / name / str(version)
    folder.mkdir(parents=True)
    (folder / "generator.onnx").write_bytes(graph)
    rng = np.random.default_rng(5)
    given = rng.uniform(-1, 1, (1, 3, side, side)).astype(np.float32)
    images = to_uint8(Session(graph, threads=1).run({"images": given}))
    (folder / "preview.png").write_bytes(codecs.encode(images[0], "png"))
    golden = Golden(inputs={"images": _pack(given)}, images=Array.pack("uint8", images.shape, images.tobytes()))
    fields: dict[str, Any] = {
        "schema_version": manifest.SCHEMA_VERSION,
        "name": name,
        "version": version,
        "task": "translate",
        "method": "cyclegan",
        "description": "A tiny translator for tests.",
        "licence": "Apache-2.0",
        "data": manifest.Data(name="Noise", source="made in code", terms="none", images=1),
        "training": manifest.Training(recipe="none", config={}, seed=0, images_seen=0, device="none"),
        "metrics": (),
        "networks": {"generator": _network("generator.onnx", graph)},
        "image": manifest.Image(height=side, width=side, channels=3),
        "translation": manifest.Translation(source="days", target="nights", inverse=inverse, multiple=multiple),
        "preview": "preview.png",
        "goldens": (golden,),
    }
    described = Manifest.model_validate(fields | overrides)
    (folder / manifest.FILE_NAME).write_text(described.model_dump_json())
    return folder


def rewrite_manifest(package: Path, **fields: Any) -> None:
    """Replace fields of a package's manifest without validation."""
    path = package / manifest.FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
