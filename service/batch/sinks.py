"""Destinations of a run: a folder or a zip. A file is complete or absent, even if the run is killed."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from service.batch import record
from service.batch.errors import BatchError
from service.batch.zips import GrowingZip
from service.repository.atomic import PARTIAL_SUFFIX, write_atomically

try:
    import fcntl
except ImportError:  # on Windows, two runs into one destination are not detected
    fcntl = None  # type: ignore[assignment]  # Windows has none


class Sink(Protocol):
    """Stores files; several threads call `write` at the same time."""

    names: set[str]
    """Names of the files that existed when the run started."""

    def write(self, name: str, data: bytes) -> None:
        """Store a file atomically.

        Args:
            name: with `/` between folders, below the sink's root.
            data: its bytes.
        """

    def finish(self) -> None:
        """Complete the result after the last file."""

    def close(self) -> None:
        """Close open files, whether the run is complete or not."""


class FolderSink:
    """A folder. Each file is written under another name, then renamed."""

    def __init__(self, root: Path, run: record.Record) -> None:
        """Open or create a folder.

        Raises:
            BatchError: it holds other files, or another run is writing into it.
        """
        root.mkdir(parents=True, exist_ok=True)
        self._root, self._made = root, {root}
        self._folder: int | None = None if fcntl is None else os.open(root, os.O_RDONLY)
        try:
            if self._folder is not None:
                _lock(self._folder, root)
            self.names = set(self._scan())
            kept = root / record.NAME
            if self.names or kept.exists():
                record.compare(kept.read_bytes() if kept.exists() else None, run, root)
            else:
                self.write(record.NAME, record.pack(run))
        except BaseException:
            self.close()
            raise

    def write(self, name: str, data: bytes) -> None:
        """Writes a file; see `Sink`."""
        path = self._root / name
        if path.parent not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(path.parent)
        write_atomically(path, data)

    def finish(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Release the folder's lock."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _scan(self) -> Iterator[str]:
        """Names of complete files; partial ones of a killed run are removed."""
        for folder, _, files in os.walk(self._root):
            below = Path(folder).relative_to(self._root)
            for name in files:
                if name.startswith(".") and name.endswith(PARTIAL_SUFFIX):
                    (Path(folder) / name).unlink()
                elif not name.startswith("."):
                    yield (below / name).as_posix()


class ZipSink:
    """A zip. It grows under another name and is renamed once its directory is written."""

    def __init__(self, path: Path, run: record.Record) -> None:
        """Open or create a zip.

        Raises:
            BatchError: this command did not write it, or another run is writing it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._partial, self._run = path, path.with_name(path.name + PARTIAL_SUFFIX), run
        self._lock = threading.Lock()
        self._zip: GrowingZip | None = None
        if path.exists():
            if self._partial.exists():
                raise BatchError(f"there are both {path} and {self._partial}; remove one of them")
            held = GrowingZip.read(path)
            record.compare(held.get(record.NAME), run, path)
            self.names = set(held) - {record.NAME}
        else:
            self._begin()
            assert self._zip is not None
            self.names = set(self._zip.names) - {record.NAME}

    def write(self, name: str, data: bytes) -> None:
        """Writes an entry; see `Sink`."""
        with self._lock:
            if self._zip is None:
                self._path.replace(self._partial)
                self._begin()
            assert self._zip is not None
            self._zip.add(name, data)

    def finish(self) -> None:
        """Write the directory and rename the zip."""
        if self._zip is not None:
            self._zip.complete()
            self.close()
            self._partial.replace(self._path)

    def close(self) -> None:
        """Close the file; the next run can resume it."""
        if self._zip is not None:
            self._zip.close()
            self._zip = None

    def _begin(self) -> None:
        self._zip = GrowingZip(self._partial, _lock)
        try:
            if self._zip.names:
                record.compare(self._zip.first(record.NAME), self._run, self._partial)
            else:
                self._zip.add(record.NAME, record.pack(self._run))
        except BaseException:
            self.close()
            raise


@contextmanager
def opened(path: Path, run: record.Record) -> Iterator[Sink]:
    """A sink for the result of a run: a zip where the path ends in `.zip`, else a folder.

    Raises:
        BatchError: the path is invalid, or holds another run's result.
    """
    is_zip = path.suffix.lower() == ".zip"
    if path.is_dir() if is_zip else path.is_file():
        raise BatchError(f"{path} is a {'folder' if is_zip else 'file'}; give a folder, or a name that ends in .zip")
    try:
        sink: Sink = ZipSink(path, run) if is_zip else FolderSink(path, run)
    except OSError as error:
        raise BatchError(f"{path} cannot be written: {error.strerror or error}") from error
    try:
        yield sink
    finally:
        sink.close()


def _lock(descriptor: int, path: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BatchError(f"another run is writing into {path}") from error
    except OSError:  # some network file systems have no locks
        pass
