"""Write files so that a reader, or a process that is killed, never leaves or sees half of one."""

from pathlib import Path

PARTIAL_SUFFIX = ".partial"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a hidden name beside its own, and rename it.

    If the process is killed, `.<name>.partial` may remain. Two writers of one path must not run at the same time.

    Raises:
        OSError: it cannot be written; a file that was there is unchanged.
    """
    partial = path.with_name(f".{path.name}{PARTIAL_SUFFIX}")
    partial.write_bytes(data)
    partial.replace(path)
