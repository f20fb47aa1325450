"""Fixtures of batch runs."""

import io
import zipfile
from pathlib import Path

import pytest

from service import __main__ as command


@pytest.fixture
def run(models, monkeypatch, capsys):
    """`python -m service ...` over `models`: its exit code and its output."""
    monkeypatch.setenv("GANVAS_MODELS_DIR", str(models))

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["service", *map(str, words)])
        try:
            code = command.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def held(path: Path) -> dict[str, bytes]:
    """The files of a folder or zip by name, but the run's record."""
    if path.is_dir():
        files = {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    else:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            assert archive.testzip() is None
            files = {name: archive.read(name) for name in archive.namelist()}
    assert files.pop(".ganvas.json")
    return files
