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
        for name, version in await asyncio.to_thread(self._packages):
            try:
                if not _NAME.match(name) or not _VERSION.match(version):
                    raise PackageError("the folder must be <name>/<version>, with a positive integer as version")
                model = await asyncio.to_thread(open_package, self.folder / name / version, self.engine, self.metrics)
            except Exception as error:  # whatever one package holds must not keep the others from being served
                known = isinstance(error, PackageError)
                reason = str(error) if known else f"it cannot be opened: {type(error).__name__}"
                skipped.append(Skipped(name, version, reason))
                _log.error(
                    "model skipped",
                    exc_info=None if known else error,
                    extra={"model": f"{name}@{version}", "reason": reason},
                )
                continue
            model.start()
            self._served.setdefault(name, {})[model.manifest.version] = model
            self.metrics.served(model.name, True)
            _log.info("model served", extra={"model": model.name, "digest": model.manifest.digest})
        self.skipped = tuple(skipped)
        self._scanned = True
        if not self.is_ready:
            _log.error("not ready", extra={"reason": self.shortfall})

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
    def shortfall(self) -> str:
        """Why the service is not ready, in one sentence for whoever runs it."""
        if not self._scanned:
            return "the models are still being opened"
        if not self.folder.is_dir():
            return f"there is no models folder at {self.folder}"
        if self.missing:
            return f"{self.folder} has no version that can be served of: {', '.join(self.missing)}"
        return f"{self.folder} holds no package that can be served"

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

    def find_digest(self, digest: str) -> LoadedModel | None:
        """A model by the digest of the network that draws; the newest of several."""
        return next((model for model in self if model.manifest.digest == digest), None)

    def _packages(self) -> list[tuple[str, str]]:
        """(name, version) of every folder that may be a package."""
        found = []
        for folder in _folders(self.folder):
            if self.wanted and folder.name not in self.wanted:
                continue
            # A package being written has no manifest yet: that is no fault, and nothing to report.
            found += [(folder.name, version.name) for version in _folders(folder) if _holds_manifest(version)]
        return found


def _folders(path: Path) -> list[Path]:
    """The folders inside a folder, in order; none where it cannot be read."""
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir())
    except OSError as error:
        _log.error("a folder cannot be read", extra={"folder": str(path), "reason": error.strerror})
        return []


def _holds_manifest(version: Path) -> bool:
    try:
        return (version / "manifest.json").exists()
    except OSError:
        return True  # it cannot be looked into: opening it will say why
