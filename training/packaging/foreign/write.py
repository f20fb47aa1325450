"""From a network that somebody else trained to a verified model package."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.imaging.pixels import Pixels, grid, to_uint8
from service.repository import manifest
from service.repository.manifest import Manifest
from training.evaluate import Sampler
from training.packaging.contents import engine, golden
from training.packaging.folder import version_folders, write_content, write_manifest
from training.packaging.foreign import examples, graphs
from training.packaging.foreign.graphs import Built
from training.packaging.foreign.statement import Statement

_PREVIEW_SEEDS = 64
_GOLDEN_SEEDS = 2
_GOLDEN_PX = 64


@dataclass(frozen=True)
class Imported:
    """A package that was written.

    Attributes:
        folder: `models/<name>/<version>`.
        described: its manifest.
        notes: what the user should know, a sentence each.
    """

    folder: Path
    described: Manifest
    notes: tuple[str, ...] = ()


def write_package(
    models: Path,
    statement: Statement,
    built: Built,
    architecture: str,
    method: manifest.Method,
    origin: Mapping[str, Any],
    pixels: Pixels,
) -> Imported:
    """Writes `models/<name>/<version>/`, the manifest last.

    Args:
        models: folder of all packages.
        statement: what the user says of the model.
        built: its networks.
        architecture: free text for the card.
        method: how it was trained.
        origin: where the weights come from and how they were brought to the contract; for the manifest.
        pixels: (H, W, 3) uint8, the image of a translator's golden and preview.

    Raises:
        ExportError: the version exists already, or the name is not allowed.
    """
    (folder,) = version_folders(models, [statement.name], statement.version)
    sampler = engine(built.networks["generator"].model)
    preview, fed = _preview(built, statement, sampler, pixels)
    height, width = built.size_px
    described = Manifest(
        **statement.fields(architecture, dict(origin)),
        name=statement.name,
        version=int(folder.name),
        task="translate" if built.is_translator else "generate",
        method=method,
        weaknesses=(),
        networks={name: graph.network for name, graph in built.networks.items()},
        image=manifest.Image(height=height, width=width, channels=built.channels),
        latent=None
        if built.is_translator
        else manifest.Latent(dim=built.latent_dim, distribution=statement.distribution),
        translation=manifest.Translation(
            source=statement.source, target=statement.target, inverse=statement.inverse, multiple=built.multiple
        )
        if built.is_translator
        else None,
        preview="preview.png",
        goldens=(golden(sampler, fed),),
    )
    write_content(folder, built.networks, preview, described)
    write_manifest(folder, described)
    return Imported(folder, described, built.notes)


def _preview(
    built: Built, statement: Statement, sampler: Sampler, pixels: Pixels
) -> tuple[Pixels, dict[str, NDArray[np.float32]]]:
    """The preview, (H, W, C) uint8, and what the golden feeds."""
    if not built.is_translator:
        rows = graphs.seed_latents(_PREVIEW_SEEDS, built.latent_dim, statement.distribution)
        return grid(to_uint8(sampler({"latents": rows})), 8), {"latents": rows[:_GOLDEN_SEEDS]}
    given = examples.batch(pixels, *built.size_px, 1)
    made = sampler({"images": given})
    side = max(built.multiple, _GOLDEN_PX // built.multiple * built.multiple)
    return grid(to_uint8(np.concatenate((given, made))), 2), {"images": examples.batch(pixels, side, side, 1)}
