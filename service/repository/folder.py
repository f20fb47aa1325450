"""The contents of the models folder and their changes. Knows files, not models."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import awatch

from service.repository import manifest
from service.repository.manifest import Manifest

Stamp = tuple[tuple[str, int, int], ...]
"""Name, size and time of change (ns) of each file of a package. While it is equal, nothing is read again."""

POLL_MS = 5000  # some file systems (networks, some containers' volumes) report no changes
_SETTLE_MS = 200
_WRITING_S = 10.0  # a network without a manifest is being written this long after its last change
_log = logging.getLogger(__name__)


class Folder:
    """The models folder, `<name>/<version>/`.

    Args:
        root: the folder.
        poll_ms: interval at which a folder that reports no changes is read again.
    """

    def __init__(self, root: Path, poll_ms: int = POLL_MS) -> None:
        self.root = root
        self._poll_ms = poll_ms
        self._logged: set[Path] = set()

    def packages(self, wanted: tuple[str, ...]) -> dict[tuple[str, str], Stamp] | None:
        """Every folder that may be a package, by name and version; None if the models folder cannot be read.

        A package that is being written has no manifest yet. This is not an error until its files have been left alone
        for a while.
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
                if any(name == manifest.FILE_NAME for name, *_ in stamp) or _is_abandoned(stamp):
                    found[folder.name, version.name] = stamp
        return found

    async def changes(self) -> AsyncIterator[None]:
        """Yield after each change, and every few seconds."""
        while True:
            try:
                async for _ in awatch(
                    self.root,
                    debounce=_SETTLE_MS,
                    rust_timeout=self._poll_ms,
                    yield_on_timeout=True,
                    ignore_permission_denied=True,
                ):
                    yield
            except (OSError, RuntimeError) as error:  # it is missing or cannot be watched: poll
                self._log_once(self.root, error)
            await asyncio.sleep(self._poll_ms / 1000)
            yield

    def _folders(self, path: Path) -> list[Path] | None:
        """The folders inside a folder, in order; None if it cannot be read."""
        try:
            return sorted(entry for entry in path.iterdir() if entry.is_dir())
        except OSError as error:
            self._log_once(path, error)
            return None

    def _log_once(self, path: Path, error: Exception) -> None:
        """Log it once; the folder is read repeatedly."""
        if path not in self._logged:
            self._logged.add(path)
            _log.error("a folder cannot be read", extra={"folder": str(path), "reason": str(error)})


def holds(folder: Path, described: Manifest) -> bool:
    """Whether a package still has the same manifest and networks, whatever the times of its files."""
    try:
        now = Manifest.model_validate_json((folder / manifest.FILE_NAME).read_bytes())
        networks = described.networks.values()
        return now == described and all(
            manifest.sha256((folder / network.file).read_bytes()) == network.sha256 for network in networks
        )
    except (OSError, ValueError):
        return False


def _is_abandoned(stamp: Stamp) -> bool:
    """Whether a folder holds a network that nobody is packaging."""
    newest = max(
        (changed_ns for name, _, changed_ns in stamp if name.endswith(manifest.NETWORK_SUFFIXES)), default=None
    )
    return newest is not None and time.time() - newest / 1e9 > _WRITING_S


def _stamp(version: Path) -> Stamp:
    try:
        files = sorted(version.iterdir())
        return tuple((file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files)
    except OSError:
        # It cannot be read, or is changing: opening it will report why.
        return ((manifest.FILE_NAME, -1, -1),)
