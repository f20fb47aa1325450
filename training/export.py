"""From a trained run to a model package: graphs, goldens, card, preview, and the manifest last.

The graphs themselves are `training.graphs`; this module knows what a package holds.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from service import images, manifest
from service.manifest import Array, Golden, Manifest, NetworkName
from service.session import Session
from training import card, graphs
from training import config as configs
from training.config import GenerativeConfig, TrainingConfig
from training.data import PUBLISHED, ImageSet
from training.evaluate import Sampler, grid, save_png, seed_rows
from training.graphs import ExportError, Graph
from training.objectives import Generative
from training.recipes import RECIPES
from training.run import Run, sentence

Floats = NDArray[np.float32]

_PREVIEW_SEEDS = 64
_GOLDEN_SEEDS = 2
_PARITY_ROWS = 64


@dataclass(frozen=True)
class Package:
    """A package that was read back.

    Attributes:
        sampler: its generator, by the engine that serves it.
        config: the configuration that it was trained with.
    """

    sampler: Sampler
    config: TrainingConfig


@dataclass(frozen=True)
class Label:
    """What a package is called.

    Attributes:
        name: of the model.
        version: a positive integer; None is one more than the newest.
        description: one sentence; None takes the recipe's.
    """

    name: str
    version: int | None = None
    description: str | None = None


def export(
    run: Run, objective: Generative, data: ImageSet, images_seen: int, models: Path, label: Label, weights: str = "auto"
) -> Path:
    """Writes `models/<name>/<version>/`.

    Args:
        run: whose configuration and measured metrics go into the manifest.
        objective: trained, on the CPU.
        data: the training images.
        images_seen: real images of the whole training.
        models: folder of all packages.
        label: name, version and description.
        weights: see `graphs.build`.

    Returns:
        The package's folder.

    Raises:
        ExportError: the version exists already, the name is not allowed, or a graph was refused; nothing of it can
            be served then, since the manifest is written last.
    """
    folder = _folder(models, label)
    built = _graphs(run.config, objective, data, weights)
    folder.mkdir(parents=True, exist_ok=True)
    for graph in built.values():
        (folder / graph.network.file).write_bytes(graph.model)
    sampler = _sampler(built["generator"].model)
    save_png(grid(sampler, rows(run.config, _PREVIEW_SEEDS)), folder / "preview.png")
    described = _describe(run, label, int(folder.name), data, images_seen, built, sampler)
    (folder / "README.md").write_text(card.render(described))
    _write_last(folder / manifest.FILE_NAME, described)
    return folder


def open_package(folder: Path) -> Package:
    """Reads a package back, to measure it.

    Raises:
        ExportError: a file is missing or its digest differs.
    """
    try:
        described = Manifest.model_validate_json((folder / manifest.FILE_NAME).read_bytes())
        network = described.networks["generator"]
        raw = (folder / network.file).read_bytes()
    except ValidationError as error:
        raise ExportError(f"{folder / manifest.FILE_NAME} is not valid: {sentence(error)}") from error
    except (OSError, ValueError, KeyError) as error:
        raise ExportError(f"{folder} holds no whole package: {error}") from error
    if manifest.sha256(raw) != network.sha256:
        raise ExportError(f"{folder / network.file} is not the file that the manifest describes")
    return Package(_sampler(raw), configs.from_json(dict(described.training.config)))


def rows(config: TrainingConfig, count: int) -> dict[str, Floats]:
    """What a generator is fed for the seeds 0 ... count - 1, as the service feeds it."""
    assert isinstance(config, GenerativeConfig)
    return seed_rows(config, len(_classes(config) or ()), count)


def preview_rows(config: TrainingConfig) -> dict[str, Floats]:
    """What a generator is fed for the 64 seeds that a preview shows."""
    return rows(config, _PREVIEW_SEEDS)


def _classes(config: GenerativeConfig) -> tuple[str, ...] | None:
    """The names of a conditional model's classes."""
    return PUBLISHED[config.dataset].classes if config.conditional else None


def _folder(models: Path, label: Label) -> Path:
    if not re.fullmatch(manifest.NAME_PATTERN, label.name):
        raise ExportError(f"a model's name is small letters, digits and hyphens, at most 64; {label.name!r} is not")
    if label.version is not None and not 1 <= label.version < 2**31:
        raise ExportError(f"a version is a positive integer; {label.version} is not")
    versions = [int(path.name) for path in (models / label.name).glob("[0-9]*") if path.name.isdigit()]
    folder = models / label.name / str(label.version or max(versions, default=0) + 1)
    if (folder / manifest.FILE_NAME).exists():
        raise ExportError(f"{folder} exists; a version never changes: leave --version out to write a new one")
    return folder


def _graphs(config: TrainingConfig, objective: Generative, data: ImageSet, weights: str) -> dict[NetworkName, Graph]:
    assert isinstance(config, GenerativeConfig)
    channels, height, width = data.shape
    picture = manifest.Tensor(name="images", shape=("N", channels, height, width), range=(-1.0, 1.0))
    classes = tuple(manifest.Tensor(name="classes", shape=("N", n)) for n in (objective.n_classes,) if n)
    fed = {name: torch.from_numpy(array) for name, array in rows(config, _PARITY_ROWS).items()}
    generator = graphs.build(
        objective.finished_generator(),
        fed,
        "generator.onnx",
        (manifest.Tensor(name="latents", shape=("N", config.generator.z_dim)), *classes),
        picture,
        weights,
    )
    shown = data.batch(torch.arange(_PARITY_ROWS) % len(data))
    judged = {"images": shown.images} | dict(zip(["classes"], objective.rows(shown.labels), strict=False))
    # A critic's score has no scale of its own, so it has another name than a logit, whose sigmoid is a probability.
    verdict = "scores" if "critic" in objective.networks else "logits"
    discriminator = graphs.build(
        objective.judge.eval(),
        judged,
        "discriminator.onnx",
        (picture, *classes),
        manifest.Tensor(name=verdict, shape=("N", 1)),
        weights,
    )
    return {"generator": generator, "discriminator": discriminator}


def _sampler(model: bytes) -> Sampler:
    return Session(model, torch.get_num_threads()).run


def _describe(
    run: Run,
    label: Label,
    version: int,
    data: ImageSet,
    images_seen: int,
    built: Mapping[NetworkName, Graph],
    sampler: Sampler,
) -> Manifest:
    config = run.config
    assert isinstance(config, GenerativeConfig)
    known = PUBLISHED[config.dataset]
    channels, height, width = data.shape
    fed = rows(config, _GOLDEN_SEEDS)
    drawn = images.to_uint8(sampler(fed))
    golden = Golden(
        inputs={name: Array.pack("float32", part.shape, part.astype("<f4").tobytes()) for name, part in fed.items()},
        images=Array.pack("uint8", drawn.shape, drawn.tobytes()),
    )
    return Manifest(
        schema_version=manifest.SCHEMA_VERSION,
        name=label.name,
        version=version,
        task="generate",
        method=cast(manifest.Method, config.method),
        description=label.description or RECIPES.get(run.recipe, (f"A {config.method}.", None))[0],
        licence="Apache-2.0",
        data=manifest.Data(name=known.title, source=known.source, terms=known.terms, images=len(data)),
        training=manifest.Training(
            recipe=run.recipe,
            config=configs.to_json(config),
            seed=config.seed,
            images_seen=images_seen,
            device=run.device,
        ),
        metrics=tuple(manifest.Metric(**values) for values in run.metrics(images_seen // config.batch_size)),
        networks={name: graph.network for name, graph in built.items()},
        image=manifest.Image(height=height, width=width, channels=1 if channels == 1 else 3),
        latent=manifest.Latent(dim=config.generator.z_dim, distribution=config.latent_distribution),
        classes=_classes(config),
        preview="preview.png",
        goldens=(golden,),
    )


def _write_last(path: Path, described: Manifest) -> None:
    """Moves the manifest into its place when all else is there: the service never sees half a package."""
    partial = path.with_suffix(".partial")
    with partial.open("w") as file:
        file.write(described.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
