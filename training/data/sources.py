"""Files of a folder, or of a zip that is read in place.

Independent of the files' content.
"""

import re
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from training.data.sets import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
MAX_BYTES = 512 * 2**20
"""Size limit of one file in bytes: a zip's header may claim any size."""


class Source(ABC):
    """Named files, sorted by name, so that a folder and a zip of it are the same data.

    Attributes:
        where: the folder or zip, for messages.
        files: every file's path below it, with `/`, without hidden files such as those of macOS and editors.
    """

    def __init__(self, where: Path, files: Iterable[str], max_bytes: int) -> None:
        self.where, self._max_bytes = where, max_bytes
        self.files = tuple(sorted({name for name in files if not _is_hidden(name)}))

    @property
    def images(self) -> tuple[str, ...]:
        """The files with an image's suffix."""
        return tuple(name for name in self.files if name.lower().endswith(SUFFIXES))

    def named(self, name: str) -> str | None:
        """The file of that name in the fewest folders; None if there is none."""
        found = [file for file in self.files if PurePosixPath(file).name == name]
        return min(found, key=lambda file: file.count("/"), default=None)

    def _check_size(self, size_bytes: int) -> None:
        if size_bytes > self._max_bytes:
            raise ValueError(f"{size_bytes / 2**20:,.0f} MiB are too large for an image")

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of a file. Thread-safe.

        Raises:
            OSError: it cannot be read.
            ValueError: it is too large to be an image.
        """


class _Folder(Source):
    def __init__(self, where: Path, max_bytes: int) -> None:
        files = (path.relative_to(where).as_posix() for path in where.rglob("*") if path.is_file())
        super().__init__(where, files, max_bytes)

    def read(self, name: str) -> bytes:
        path = self.where / name
        self._check_size(path.stat().st_size)
        return path.read_bytes()


class _Zip(Source):
    def __init__(self, where: Path, max_bytes: int) -> None:
        try:
            self._archive = zipfile.ZipFile(where)
        except (OSError, zipfile.BadZipFile) as error:
            raise DataError(f"{where} cannot be read as a zip: {error}") from error
        files = (member.filename for member in self._archive.infolist() if not member.is_dir())
        super().__init__(where, files, max_bytes)

    def read(self, name: str) -> bytes:
        self._check_size(self._archive.getinfo(name).file_size)
        try:
            return self._archive.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            # Damaged, encrypted, or compressed by an unsupported method.
            raise OSError(str(error)) from error


def open_source(path: Path, max_bytes: int = MAX_BYTES) -> Source:
    """Opens a folder or zip; for a folder that holds one zip and no image, the zip.

    Args:
        path: the folder or zip.
        max_bytes: size limit of one file.

    Raises:
        DataError: `path` is neither, the zip is damaged, or the folder holds several zips and no image.
    """
    if path.is_file():
        return _Zip(path, max_bytes)
    if not path.is_dir():
        raise DataError(f"{path} is no folder and no zip: --data must name the data set's")
    zips = sorted(path.glob("*.zip"))
    folder = _Folder(path, max_bytes)
    if folder.images or not zips:
        return folder
    if len(zips) > 1:
        raise DataError(f"{path} holds no image, but {len(zips)} zips: name one of them, as {zips[0]}")
    return _Zip(zips[0], max_bytes)


class Members(NamedTuple):
    """The images of a part of a source.

    Attributes:
        root: the folder in which the part was found; empty at the top.
        names: the images' paths in the source, sorted.
    """

    root: str
    names: tuple[str, ...]


def members(source: Source, folder: str) -> Members | None:
    """The images below a folder that lies at the top of a source or one folder deep; None if there is none."""
    inside = re.compile(rf"(?:([^/]+)/)?{re.escape(folder)}/.")
    matches = [(match, name) for name in source.images if (match := inside.match(name))]
    if not matches:
        return None
    root = min((match[1] or "" for match, _ in matches), key=lambda found: (found != "", found))
    return Members(root, tuple(name for match, name in matches if (match[1] or "") == root))


def folders(source: Source) -> str:
    """The top folders of a source as text, for messages."""
    found = sorted({str(PurePosixPath(*PurePosixPath(name).parts[:-1][:2])) for name in source.images})
    if not found:
        return f"no image ({', '.join(SUFFIXES)})"
    shown = ", ".join("the top folder" if name == "." else f"{name}/" for name in found[:8])
    return f"images in {shown}" + (", ..." if len(found) > 8 else "")


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)
