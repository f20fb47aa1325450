"""Builds the TypeScript client for tests."""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[2] / "clients/typescript"


def run(*command: object, **options) -> "subprocess.CompletedProcess[str]":
    """Runs a command in the client's folder."""
    return subprocess.run(
        [*map(str, command)], cwd=CLIENT, capture_output=True, text=True, check=False, timeout=200, **options
    )


def install() -> None:
    """Installs the packages of the lock file unless they are installed; skips the test if that fails."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("node and npm, which build and test the TypeScript client, are not installed")
    lock, installed = CLIENT / "package-lock.json", CLIENT / "node_modules/.package-lock.json"
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # one process at a time installs
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            done = run(npm, "ci", "--ignore-scripts", "--no-fund", "--no-audit")
            if done.returncode:
                pytest.skip(
                    f"npm cannot install the build dependencies of the TypeScript client: {done.stderr.strip()[-300:]}"
                )


def build(folder: Path) -> Path:
    """Compiles the client into a separate folder."""
    install()
    done = run("node", "node_modules/typescript/bin/tsc", "--outDir", folder)
    assert done.returncode == 0, done.stdout
    (folder / "package.json").write_text('{"type": "module"}')
    return folder
