"""Reads a model package: manifest, files and configuration, with verified digests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from service.repository import manifest
from service.repository.manifest import Manifest, NetworkName
from training import config as configs
from training.config import TrainingConfig
from training.data import PUBLISHED
from training.evaluate import Sampler
from training.packaging.contents import engine
from training.packaging.onnx.export import ExportError
from training.runs.folder import sentence


@dataclass(frozen=True)
class Package:
    """A model package that was read from disk.

    Attributes:
        folder: the package's folder.
        described: the manifest.
        files: bytes of the ONNX file by network.
        config: training configuration.
    """

    folder: Path
    described: Manifest
    files: Mapping[NetworkName, bytes]
    config: TrainingConfig

    @property
    def sampler(self) -> Sampler:
        """The generator or translator, loaded into the engine that serves it."""
        return engine(self.files["generator"])


def open_package(folder: Path) -> Package:
    """Reads a package, for evaluation or as the start of a run.

    Raises:
        ExportError: the manifest is invalid, or a file is missing or its digest differs.
    """
    if not (folder / manifest.FILE_NAME).exists():
        raise ExportError(f"{folder} holds no package: there is no {manifest.FILE_NAME}")
    try:
        described = Manifest.model_validate_json((folder / manifest.FILE_NAME).read_bytes())
        files = {name: (folder / network.file).read_bytes() for name, network in described.networks.items()}
    except ValidationError as error:
        raise ExportError(f"{folder / manifest.FILE_NAME} is not valid: {sentence(error)}") from error
    except (OSError, ValueError) as error:
        raise ExportError(f"{folder} holds no whole package: {error}") from error
    for name, network in described.networks.items():
        if manifest.sha256(files[name]) != network.sha256:
            raise ExportError(f"{folder / network.file} is not the file that the manifest describes")
    return Package(folder, described, files, configs.from_json(dict(described.training.config)))


def by_direction(package: Package) -> dict[str, Package]:
    """Returns a translator's package and that of the opposite direction, if it exists, by direction.

    A generator's direction is "".

    Raises:
        ExportError: the package of the opposite direction is incomplete.
    """
    translation = package.described.translation
    if translation is None:
        return {"": package}
    domains = PUBLISHED[package.config.dataset].domains
    assert domains is not None
    here, there = ("A2B", "B2A") if translation.source == domains[0] else ("B2A", "A2B")
    if translation.inverse is None:
        return {here: package}
    return {
        here: package,
        there: open_package(package.folder.parent.parent / translation.inverse / package.folder.name),
    }


def samplers(package: Package) -> dict[str, Sampler]:
    """Returns the networks of a package, and of the opposite direction if it exists, by direction."""
    return {direction: part.sampler for direction, part in by_direction(package).items()}
