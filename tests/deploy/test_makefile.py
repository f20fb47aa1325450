"""The Makefile's targets."""

import shutil
import subprocess

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
