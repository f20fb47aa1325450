"""From a model package on disk to its manifest, files and configuration, with digests verified."""

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
    """A package that was read back.

    Attributes:
        folder: where it lies.
        described: its manifest.
        files: the ONNX file of each network.
        config: the configuration that it was trained with.
    """

    folder: Path
    described: Manifest
    files: Mapping[NetworkName, bytes]
    config: TrainingConfig

    @property
    def sampler(self) -> Sampler:
        """Its generator or translator, by the engine that serves it."""
        return engine(self.files["generator"])


def open_package(folder: Path) -> Package:
    """Reads a package back, to measure it or to go on from it.

    Raises:
        ExportError: a file is missing or its digest differs.
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
    """A translator's package by its direction, and the package that leads back, where there is one.

    A generator's direction is "".

    Raises:
        ExportError: the package that leads back is not whole.
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
    """A package's network by direction, with that of the package that leads back."""
    return {direction: part.sampler for direction, part in by_direction(package).items()}
