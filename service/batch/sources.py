"""Sources of images: a folder or a zip. Knows names and bytes, not formats."""

import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from service.batch.errors import BadFile, BatchError

_FOREIGN = "__MACOSX"


class Source(Protocol):
    """Files by their names, with `/` between folders; several threads call `read` at the same time."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the files, in order."""

    def read(self, name: str, max_bytes: int) -> bytes:
        """A file's bytes.

        Raises:
            BadFile: it cannot be read, or has more bytes than `max_bytes`.
        """


class FolderSource:
    """Every file below a folder except hidden ones."""

    def __init__(self, root: Path) -> None:
        """Lists the folder."""
        self._root = root
        self.names = sorted(self._scan())

    def read(self, name: str, max_bytes: int) -> bytes:
        """Reads a file; see `Source`."""
        try:
            with (self._root / name).open("rb") as file:
                return _limited(file.read(max_bytes + 1), max_bytes)
        except OSError as error:
            raise BadFile(f"it cannot be read: {error.strerror or error}") from error

    def _scan(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            below = Path(folder).relative_to(self._root)
            yield from ((below / name).as_posix() for name in files if not _is_hidden(name))


class ZipSource:
    """Every file of a zip except hidden ones."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Lists the zip."""
        self._zip = archive
        files = (entry.filename for entry in archive.infolist() if not entry.is_dir())
        self.names = sorted(name for name in set(files) if not any(map(_is_hidden, PurePosixPath(name).parts)))

    def read(self, name: str, max_bytes: int) -> bytes:
        """Reads an entry; see `Source`."""
        # Results are written under the same name: it must not leave the destination folder.
        if name.startswith("/") or "\\" in name or ":" in name:
            raise BadFile("its name leads out of the zip")
        try:
            with self._zip.open(name) as file:
                return _limited(file.read(max_bytes + 1), max_bytes)
        except (OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BadFile(f"it cannot be read from the zip: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """A folder or a zip.

    Raises:
        BatchError: it is neither of them.
    """
    if path.is_dir():
        yield FolderSource(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise BatchError(f"there is no folder or zip {path}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise BatchError(f"{path} is not a zip; give a folder or a zip of images") from error
    with archive:
        yield ZipSource(archive)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == _FOREIGN  # `..` too, in a zip's names


def _limited(data: bytes, max_bytes: int) -> bytes:
    if len(data) > max_bytes:
        raise BadFile(f"it has more than {max_bytes:,} bytes")
    return data
