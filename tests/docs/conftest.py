"""The server, the packages and the shell that the pages' commands run with."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.clients import typescript
from tests.docs import placeholders
from tests.docs.blocks import ROOT
from tests.docs.execution import STATUS_MARK
from tests.docs.training_commands import TrainingRuns
from tests.server import running


@pytest.fixture(scope="module")
def packages(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled packages, and tiny ones for tasks that none of them supports."""
    return placeholders.bundled(tmp_path_factory.mktemp("packages"), models)


@pytest.fixture(scope="module")
def server(packages: Path):
    with running(packages) as started:
        yield started


@pytest.fixture(scope="module")
def training_runs(tmp_path_factory: pytest.TempPathFactory) -> TrainingRuns:
    return TrainingRuns(tmp_path_factory.mktemp("training_runs"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> dict[str, str]:
    """The environment of a reader's shell: a curl that prints the status code, and this Python."""
    curl = shutil.which("curl")
    if curl is None or shutil.which("bash") is None:
        pytest.skip("curl or bash is not installed, which the pages' commands need")
    folder = tmp_path_factory.mktemp("bin")
    note = f"%{{stderr}}\\n{STATUS_MARK} %{{http_code}}\\n"
    programs = {"curl": f"{curl} -sS --max-time 30 -w '{note}'", "python": sys.executable}
    for name, command in programs.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "GANVAS_WORKERS": "1"}


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (typescript.build(tmp_path_factory.mktemp("typescript")) / "src/index.js").as_uri()
