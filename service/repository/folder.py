"""What lies in the models folder, and when it changes. Knows files, not models."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import awatch

from service.repository import manifest
from service.repository.manifest import Manifest

Stamp = tuple[tuple[str, int, int], ...]
"""Name, size and time of change (ns) of each file of a package: while it is equal, nothing needs to be read again."""

_POLL_MS = 5000  # some file systems (networks, some containers' volumes) tell of no changes
_SETTLE_MS = 200
_log = logging.getLogger(__name__)


class Folder:
    """The models folder, `<name>/<version>/`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._told: set[Path] = set()

    def packages(self, wanted: tuple[str, ...]) -> dict[tuple[str, str], Stamp] | None:
        """Every folder that may be a package, by name and version; None where the models folder cannot be read.

        A package that is being written has no manifest yet: that is no fault, and nothing to report.
        """
        names = self._folders(self.root)
        if names is None:
            return None
        found = {}
        for folder in names:
            if wanted and folder.name not in wanted:
                continue
            for version in self._folders(folder) or []:
                stamp = _stamp(version)
                if any(name == manifest.FILE_NAME for name, *_ in stamp):
                    found[folder.name, version.name] = stamp
        return found

    async def changes(self) -> AsyncIterator[None]:
        """Something has changed, or a few seconds have passed."""
        while True:
            try:
                async for _ in awatch(
                    self.root,
                    debounce=_SETTLE_MS,
                    rust_timeout=_POLL_MS,
                    yield_on_timeout=True,
                    ignore_permission_denied=True,
                ):
                    yield
            except (OSError, RuntimeError) as error:  # it is not there, or cannot be watched: look now and then
                self._tell(self.root, error)
            await asyncio.sleep(_POLL_MS / 1000)
            yield

    def _folders(self, path: Path) -> list[Path] | None:
        """The folders inside a folder, in order; None where it cannot be read."""
        try:
            return sorted(entry for entry in path.iterdir() if entry.is_dir())
        except OSError as error:
            self._tell(path, error)
            return None

    def _tell(self, path: Path, error: Exception) -> None:
        """Logs it once; the folder is looked at again and again."""
        if path not in self._told:
            self._told.add(path)
            _log.error("a folder cannot be read", extra={"folder": str(path), "reason": str(error)})


def holds(folder: Path, described: Manifest) -> bool:
    """Whether a package still says and holds what it did, whenever its files were written."""
    try:
        now = Manifest.model_validate_json((folder / manifest.FILE_NAME).read_bytes())
        networks = described.networks.values()
        return now == described and all(
            manifest.sha256((folder / network.file).read_bytes()) == network.sha256 for network in networks
        )
    except (OSError, ValueError):
        return False


def _stamp(version: Path) -> Stamp:
    try:
        files = sorted(version.iterdir())
        return tuple((file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files)
    except OSError:
        # It cannot be looked into, or changes at this moment: opening it will say why.
        return ((manifest.FILE_NAME, -1, -1),)
