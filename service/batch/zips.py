"""A zip that can be resumed after a kill: entries are appended, and the directory comes last.

References:
    PKWARE, .ZIP File Format Specification (APPNOTE.TXT) 6.3.10: 4.3.7 (local file header).
"""

import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from service.batch.errors import BatchError

_LOCAL = struct.Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_UTF_8 = 0x800
_FLUSH_S = 0.5
_TIME = (1980, 1, 1, 0, 0, 0)  # fixed, so that the same images give the same bytes


class GrowingZip:
    """Appends entries. Without its directory a zip cannot be opened, but its entries can be found again."""

    def __init__(self, path: Path, lock: Callable[[int, Path], None]) -> None:
        """Open or create a file; an entry that a kill has truncated is removed.

        Args:
            path: of the zip.
            lock: locks a file descriptor for writing, or raises.
        """
        # Opened for appending first, since that alone makes a file and leaves one that is there as it is.
        path.open("ab").close()
        self._file = path.open("r+b")
        try:
            lock(self._file.fileno(), path)
            found = list(_entries(self._file))
            self._file.seek(_end(found))
            self._file.truncate()
        except BaseException:
            self._file.close()
            raise
        self._entries, self._end, self._flushed = found, _end(found), 0.0
        self.names = {entry.filename for entry in found}

    @staticmethod
    def read(path: Path) -> Mapping[str, bytes]:
        """Names of a whole zip's entries; only entries whose names begin with a dot have their bytes.

        Raises:
            BatchError: it is not a zip, or cannot be resumed.
        """
        try:
            with zipfile.ZipFile(path) as archive, path.open("rb") as file:
                entries = archive.infolist()
                if [entry.filename for entry in _entries(file)] != [
                    entry.filename for entry in sorted(entries, key=lambda entry: entry.header_offset)
                ]:
                    raise BatchError(f"{path} was not written by this command; choose another name")
                return {e.filename: archive.read(e) if e.filename.startswith(".") else b"" for e in entries}
        except zipfile.BadZipFile as error:
            raise BatchError(f"{path} is not a zip; remove it, or choose another name") from error

    def first(self, name: str) -> bytes | None:
        """The bytes of the first entry if it has this name."""
        self._file.seek(0)
        header, found = _header(self._file)
        data = self._file.read(header.file_size) if header is not None and found == name else None
        self._file.seek(self._end)
        return data

    def add(self, name: str, data: bytes) -> None:
        """Appends an entry; a kill loses at most the entries of the last half second."""
        entry = _entry(name, self._end, zlib.crc32(data), len(data))
        whole = entry.FileHeader() + data
        self._file.write(whole)
        self._end += len(whole)
        self._entries.append(entry)
        if time.monotonic() - self._flushed > _FLUSH_S:
            self._file.flush()
            self._flushed = time.monotonic()

    def complete(self) -> None:
        """Writes the directory, by name."""
        with zipfile.ZipFile(self._file, "w") as archive:
            archive.infolist().extend(sorted(self._entries, key=lambda entry: entry.filename))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _entries(file: BinaryIO) -> Iterator[zipfile.ZipInfo]:
    """The whole entries at the beginning of a file, as `add` writes them."""
    file.seek(0)
    while True:
        entry, _ = _header(file)
        if entry is None:
            return
        data = file.read(entry.file_size)
        if len(data) < entry.file_size or zlib.crc32(data) != entry.CRC:
            return
        yield entry


def _header(file: BinaryIO) -> tuple[zipfile.ZipInfo | None, str]:
    """The local header at the file's position, which moves behind it, and its name; None where there is none."""
    offset = file.tell()
    raw = file.read(_LOCAL.size)
    if len(raw) < _LOCAL.size or raw[:4] != _SIGNATURE:
        return None, ""
    _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(raw)
    name = file.read(name_length)
    if len(name) < name_length or extra_length or method != zipfile.ZIP_STORED or packed != size or flags & ~_UTF_8:
        return None, ""
    text = name.decode("utf-8" if flags & _UTF_8 else "ascii", "replace")
    return _entry(text, offset, crc, size), text


def _entry(name: str, offset: int, crc: int, size: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)  # stored: images are compressed already
    entry.header_offset, entry.CRC, entry.compress_size, entry.file_size = offset, crc, size, size
    entry.external_attr = 0o644 << 16
    return entry


def _end(entries: list[zipfile.ZipInfo]) -> int:
    """Where the next entry begins."""
    if not entries:
        return 0
    last = entries[-1]
    return last.header_offset + _LOCAL.size + len(last.filename.encode()) + last.file_size
