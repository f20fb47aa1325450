"""Builds the TypeScript client for tests, wherever they stand."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[2] / "clients/typescript"


def run(*command: object, **options) -> "subprocess.CompletedProcess[str]":
    """Runs a command in the client's folder."""
    return subprocess.run(
        [*map(str, command)], cwd=CLIENT, capture_output=True, text=True, check=False, timeout=120, **options
    )


def install() -> None:
    """The packages that the lock file names, from npm's registry where they are not there yet; else skips the test."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("node and npm are not installed, which the TypeScript client is built and tested with")
    lock, installed = CLIENT / "package-lock.json", CLIENT / "node_modules/.package-lock.json"
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # tests of several processes would install on top of each other
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            done = run(npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit")
            if done.returncode:
                pytest.skip(
                    f"npm cannot install what the TypeScript client is built with: {done.stderr.strip()[-300:]}"
                )


def build(folder: Path) -> Path:
    """The client as JavaScript in a folder of its own, apart from what others build."""
    install()
    done = run("node", "node_modules/typescript/bin/tsc", "--outDir", folder)
    assert done.returncode == 0, done.stdout
    (folder / "package.json").write_text('{"type": "module"}')
    return folder
