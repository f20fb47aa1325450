"""Run the commands of a page as a reader would, and check what they return and write."""

import io
import itertools
import json
import re
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.docs import placeholders, static_checks
from tests.docs.blocks import Block, Command, commands
from tests.docs.training_commands import TrainingRuns
from tests.server import Server

_BY_BASH = re.compile(r"(curl|tr|sed|head|mkdir|unzip)\b|python -c|python -m service (render|translate)\b")
STATUS_MARK = "@@status"
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}


def execute(block: Block, workdir: Path, request: pytest.FixtureRequest) -> None:
    """Run a block; fixtures are created when they are needed."""
    kinds = itertools.groupby(commands(block.text), key=kind_of)
    for kind, some in kinds:
        found = list(some)
        if kind == "bash":
            server, shell = request.getfixturevalue("server"), request.getfixturevalue("shell")
            run_in_bash(found, block.text, workdir, server, shell, request.getfixturevalue("packages"))
        elif kind == "training":
            train(found, block.text, workdir, request.getfixturevalue("training_runs"))
        else:
            for command in found:
                check_static(command)


def kind_of(command: Command) -> str:
    plain = [" ".join(words) for words in command.parts]
    if any(static_checks.find_entry(words) for words in command.parts):
        return "table"
    if all(_BY_BASH.match(words) for words in plain):
        return "bash"
    if all(words.startswith("python -m training ") for words in plain):
        return "training"
    return "table"


def check_static(command: Command) -> None:
    for words in command.parts:
        entry = static_checks.find_entry(words)
        assert entry, f"{' '.join(words)}: it is neither run nor listed in tests/docs/static_checks.py"
        entry.check(words)


def run_in_bash(
    found: list[Command], text: str, workdir: Path, server: Server, shell: dict[str, str], packages: Path
) -> str:
    """Run commands as they stand, and check the status codes and the files; return the standard output."""
    text = placeholders.fill(text, server.port)
    placeholders.lay_out(workdir, text, server.port, packages)
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*")}
    script = "set -eu -o pipefail\n" + placeholders.fill("\n".join(command.text for command in found), server.port)
    environment = shell | {"GANVAS_MODELS_DIR": str(workdir / "models")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=workdir,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # an image without -o
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    statuses = [int(status) for status in re.findall(rf"{STATUS_MARK} (\d+)", done.stderr)]
    wanted = [command.status for command in found for words in command.parts if words[0] == "curl"]
    assert statuses == wanted, f"returned {statuses}, but the page states {wanted}\n{done.stdout[-2000:]}"
    written = [path for path in workdir.rglob("*") if path.is_file() and before.get(path) != path.stat().st_mtime_ns]
    for command in found:
        for words in command.parts:
            check_files(words, workdir)
    for path in written:
        if ".ganvas" not in path.name:
            check_file(path)
    return done.stdout


def check_files(words: tuple[str, ...], workdir: Path) -> None:
    """A file that a command names is there, in the form that the command asks for."""
    for option in {"-o", "--out"} & {*words}:
        path = workdir / words[words.index(option) + 1]
        assert path.exists(), f"{' '.join(words)}: it did not write {path.name}"
        form = re.search(r"[?&]format=(\w+)", " ".join(words))
        if form and form[1] in ("gif", "apng"):
            with Image.open(path) as image:
                assert image.format == {"gif": "GIF", "apng": "PNG"}[form[1]]
                assert image.n_frames > 1
        elif form:
            assert path.suffix == f".{form[1]}", f"{' '.join(words)}: {path.name} holds {form[1]}"


def check_file(path: Path) -> None:
    """A file is what its name says."""
    check_bytes(path.suffix, path.read_bytes(), path.name)


def check_bytes(suffix: str, raw: bytes, name: str) -> None:
    if suffix in FORMATS:
        with Image.open(io.BytesIO(raw)) as image:
            assert image.format == FORMATS[suffix], f"{name} is {image.format}"
            image.load()
    elif suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            assert archive.namelist(), f"{name} is empty"
            for inner in archive.namelist():
                if not inner.startswith("."):
                    check_bytes(Path(inner).suffix, archive.read(inner), f"{name}/{inner}")
    elif suffix == ".npy":
        assert np.load(io.BytesIO(raw)).ndim == 4, name
    elif suffix == ".pth":
        assert torch.load(io.BytesIO(raw), weights_only=True), f"{name} is empty"
    else:
        assert suffix == ".json", f"{name}: the tests know no such files"
        json.loads(raw)


def train(found: list[Command], text: str, workdir: Path, training_runs: TrainingRuns) -> None:
    training_runs.lay_out(workdir, text)
    for command in found:
        for words in command.parts:
            code, output = training_runs.execute(words[3:])
            assert code == 0, f"{' '.join(words)}\n{output[-4000:]}"
