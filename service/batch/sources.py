"""Where pictures come from: a folder or a zip. Knows names and bytes, not what they hold."""

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
    """Files by their names, with `/` between folders; `read` is called by several threads at once."""

    @property
    def names(self) -> Sequence[str]:
        """Of the files, in order."""

    def read(self, name: str, most: int) -> bytes:
        """A file's bytes.

        Raises:
            BadFile: it cannot be read, or has more bytes than `most`.
        """


class FolderSource:
    """Every file below a folder but hidden ones."""

    def __init__(self, root: Path) -> None:
        """Lists the folder."""
        self._root = root
        self.names = sorted(self._scan())

    def read(self, name: str, most: int) -> bytes:
        """Reads a file; see `Source`."""
        try:
            with (self._root / name).open("rb") as file:
                return _limited(file.read(most + 1), most)
        except OSError as error:
            raise BadFile(f"it cannot be read: {error.strerror or error}") from error

    def _scan(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not _is_hidden(name)]
            below = Path(folder).relative_to(self._root)
            yield from ((below / name).as_posix() for name in files if not _is_hidden(name))


class ZipSource:
    """Every file of a zip but hidden ones."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Lists the zip."""
        self._zip = archive
        files = (entry.filename for entry in archive.infolist() if not entry.is_dir())
        self.names = sorted(name for name in set(files) if not any(map(_is_hidden, PurePosixPath(name).parts)))

    def read(self, name: str, most: int) -> bytes:
        """Reads an entry; see `Source`."""
        # A name leads nowhere but below the folder that results are written to.
        if name.startswith("/") or "\\" in name or ":" in name:
            raise BadFile("its name leads out of the zip")
        try:
            with self._zip.open(name) as file:
                return _limited(file.read(most + 1), most)
        except (OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BadFile(f"it cannot be read from the zip: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """A folder or a zip.

    Raises:
        BatchError: it is neither.
    """
    if path.is_dir():
        yield FolderSource(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise BatchError(f"there is no folder or zip {path}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise BatchError(f"{path} is no zip; give a folder or a zip of pictures") from error
    with archive:
        yield ZipSource(archive)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == _FOREIGN  # `..` too, in a zip's names


def _limited(data: bytes, most: int) -> bytes:
    if len(data) > most:
        raise BadFile(f"it has more than {most:,} bytes")
    return data
