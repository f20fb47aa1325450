"""Folders of model packages: which version comes next, and what is written in which order."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from service.imaging.pixels import Pixels
from service.repository import manifest
from service.repository.manifest import Manifest, NetworkName
from training.evaluate import save_png
from training.packaging import card
from training.packaging.onnx.export import ExportError, Graph
from training.runs.files import write_text


def version_folders(models: Path, names: Collection[str], version: int | None) -> list[Path]:
    """The folders of new packages, all of the same version.

    Args:
        models: folder of all packages.
        names: of the models.
        version: a positive integer; None is one more than the newest of all.

    Raises:
        ExportError: a name or the version is not allowed, or exists already.
    """
    for name in names:
        if not re.fullmatch(manifest.NAME_PATTERN, name):
            raise ExportError(f"a model's name is small letters, digits and hyphens, at most 64; {name!r} is not")
    if version is not None and not 1 <= version < 2**31:
        raise ExportError(f"a version is a positive integer; {version} is not")
    versions = [path for name in names for path in (models / name).glob("[0-9]*")]
    newest = max((int(path.name) for path in versions if path.name.isdigit()), default=0)
    folders = [models / name / str(version or newest + 1) for name in names]
    for folder in folders:
        if (folder / manifest.FILE_NAME).exists():
            raise ExportError(f"{folder} exists; a version never changes: leave --version out to write a new one")
    return folders


def write_content(folder: Path, networks: Mapping[NetworkName, Graph], preview: Pixels, described: Manifest) -> None:
    """Writes everything but the manifest: networks, preview and card.

    Args:
        folder: `models/<name>/<version>`.
        networks: by name.
        preview: (H, W, C) uint8.
        described: the manifest, from which the card is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for graph in networks.values():
        (folder / graph.network.file).write_bytes(graph.model)
    save_png(preview, folder / "preview.png")
    (folder / "README.md").write_text(card.render(described))


def write_manifest(folder: Path, described: Manifest) -> None:
    """Writes the manifest, last, so that the service never reads an incomplete package."""
    write_text(folder / manifest.FILE_NAME, described.model_dump_json(indent=2) + "\n")
