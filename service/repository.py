"""All packages of the models folder: scan, open, serve, close. Knows nothing about HTTP."""

import asyncio
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from service.errors import ModelNotFound, PackageError
from service.manifest import NAME_PATTERN
from service.metrics import Metrics
from service.package import Engine, LoadedModel, open_package

_log = logging.getLogger(__name__)
_VERSION = re.compile(r"[1-9][0-9]{0,9}\Z")
_NAME = re.compile(NAME_PATTERN)


@dataclass(frozen=True)
class Skipped:
    """A package that is not served, and why."""

    name: str
    version: str
    reason: str


@dataclass
class Repository:
    """The served models by name and version.

    Attributes:
        folder: where the packages lie, `<name>/<version>/`.
        wanted: names to serve; empty serves all.
        engine: how networks are run.
        metrics: told what is served.
    """

    folder: Path
    wanted: tuple[str, ...]
    engine: Engine
    metrics: Metrics
    skipped: tuple[Skipped, ...] = ()
    _scanned: bool = False
    _served: dict[str, dict[int, LoadedModel]] = field(default_factory=dict)

    async def open(self) -> None:
        """Opens every wanted package; a broken one is reported and skipped."""
        skipped = []
        for name, version in await asyncio.to_thread(lambda: list(self._packages())):
            try:
                if not _NAME.match(name) or not _VERSION.match(version):
                    raise PackageError("the folder must be <name>/<version>, with a positive integer as version")
                model = await asyncio.to_thread(open_package, self.folder / name / version, self.engine, self.metrics)
            except PackageError as error:
                skipped.append(Skipped(name, version, str(error)))
                _log.error("model skipped", extra={"model": f"{name}@{version}", "reason": str(error)})
                continue
            model.start()
            self._served.setdefault(name, {})[model.manifest.version] = model
            self.metrics.served(model.name, True)
            _log.info("model served", extra={"model": model.name, "digest": model.manifest.digest})
        self.skipped = tuple(skipped)
        self._scanned = True

    async def close(self) -> None:
        """Closes every model."""
        models = list(self)
        self._served.clear()
        await asyncio.gather(*(model.close() for model in models))

    @property
    def missing(self) -> tuple[str, ...]:
        """Wanted names without a served version."""
        return tuple(name for name in self.wanted if name not in self._served)

    @property
    def is_scanned(self) -> bool:
        """The scan of the folder is over."""
        return self._scanned

    @property
    def is_ready(self) -> bool:
        """Every wanted name is served; or, where none is named, the scan is over and something is served."""
        return self._scanned and not self.missing and bool(self._served)

    def __iter__(self) -> Iterator[LoadedModel]:
        """Every served version, by name, the newest first."""
        for _, versions in sorted(self._served.items()):
            for _, model in sorted(versions.items(), reverse=True):
                yield model

    def find(self, reference: str) -> LoadedModel:
        """The model of `name` (its newest version) or `name@version`.

        Raises:
            ModelNotFound: it is not served.
        """
        name, at, version = reference.partition("@")
        versions = self._served.get(name)
        if versions and not at:
            return versions[max(versions)]
        if versions and _VERSION.match(version) and int(version) in versions:
            return versions[int(version)]
        known = ", ".join(sorted(self._served)) or "none"
        raise ModelNotFound(f"no model {reference[:80]!r} is served; served are: {known}")

    def _packages(self) -> Iterator[tuple[str, str]]:
        if not self.folder.is_dir():
            return
        for folder in sorted(path for path in self.folder.iterdir() if path.is_dir()):
            if self.wanted and folder.name not in self.wanted:
                continue
            for version in sorted(path for path in folder.iterdir() if path.is_dir()):
                # A package being written has no manifest yet: that is no fault, and nothing to report.
                if (version / "manifest.json").exists():
                    yield folder.name, version.name
