"""The Makefile's targets."""

import os
import select
import shutil
import signal
import subprocess
from contextlib import suppress

import pytest

MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed: apt-get install make")


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(MAKE), *arguments], capture_output=True, text=True, check=False)


def test_former_target_names_the_current_one():
    done = make("pictures")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "error: make pictures is now called make images"


def test_help_lists_the_documented_targets():
    done = make("help")
    assert done.returncode == 0
    assert "make serve " in done.stdout
    assert "pictures" not in done.stdout


PYTHON = """#!/bin/sh
trap 'echo terminated; exit 0' TERM
echo "$GANVAS_HOST $GANVAS_PORT $*"
while :; do sleep .05; done
"""


def test_serve_forwards_sigterm(tmp_path):
    """Make sends the signal to its direct child only, so that the shell must be replaced by the service."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin/python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / ".serve").touch()
    installed = (f"VENV={tmp_path}", f"--old-file={tmp_path}/.serve")
    arguments = [str(MAKE), "--silent", "serve", *installed, "HOST=127.0.0.2", "PORT=8123"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, start_new_session=True) as serve:
        try:
            assert serve.stdout.readline() == "127.0.0.2 8123 -m service\n"
            serve.terminate()
            serve.wait(10)
            assert select.select([serve.stdout], [], [], 10)[0]
            assert serve.stdout.readline() == "terminated\n"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(serve.pid, signal.SIGKILL)
