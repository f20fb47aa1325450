"""What is measured: a network, what is asked of it, and over how many connections."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.repository import manifest
from tests import builders
from tests.benchmark import packages

CONNECTIONS = (1, 16, 64)


@dataclass(frozen=True)
class Workload:
    """A package that is alone in its folder.

    Attributes:
        name: of the workload.
        models: folder of packages.
        package: the one in it.
        image: a JPEG to translate; None if images are generated from seeds.
    """

    name: str
    models: Path
    package: Path
    image: Path | None = None

    @property
    def model(self) -> str:
        """The package's name."""
        return self.package.parent.name

    @property
    def onnx(self) -> Path:
        """The network's file."""
        return self.package / "generator.onnx"

    @property
    def side_px(self) -> int:
        """Of the images that come back."""
        if self.image:
            return 128
        described = manifest.Manifest.model_validate_json((self.package / manifest.FILE_NAME).read_bytes())
        return described.image.width


def _mnist(models: Path, folder: Path) -> Workload:
    return Workload("mnist-gan", folder, packages.copy(models, "mnist-gan", folder))


def _dcgan(models: Path, folder: Path) -> Workload:
    return Workload("dcgan-64", folder, packages.write_dcgan(folder))


def _cyclegan(models: Path, folder: Path) -> Workload:
    package = packages.write_cyclegan(folder)
    image = folder.with_suffix(".jpg")
    image.write_bytes(builders.image_file(128, 128, form="JPEG", quality=90))
    return Workload("cyclegan-128", folder, package, image)


_MAKERS: dict[str, Callable[[Path, Path], Workload]] = {
    "mnist-gan": _mnist,
    "dcgan-64": _dcgan,
    "cyclegan-128": _cyclegan,
}
NAMES = tuple(_MAKERS)


def make(name: str, models: Path, folder: Path) -> Workload:
    """A workload whose package is copied, or made, below a folder.

    Args:
        name: one of NAMES.
        models: the bundled packages.
        folder: an empty one.
    """
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    return _MAKERS[name](models, target)
