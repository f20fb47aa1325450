"""Batch runs over a real Ray on this machine; `make test-ray` brings what they need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import builders
from tests.unit.service.batch.conftest import held

pytest.importorskip("ray", reason="Ray is not installed; `make test-ray` installs it and runs this")


def run(models: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"GANVAS_MODELS_DIR": str(models)}
    command = [sys.executable, "-m", "service", *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)


def test_seeds_rendered_on_a_cluster_have_the_same_bytes(tmp_path):
    builders.write_package(tmp_path / "models", "classes", conditional=True)
    words = ["render", "classes", "--seeds", "0:300,9223372036854775807", "--truncation", "0.5", "--out"]
    done = run(tmp_path / "models", *words, tmp_path / "ray.zip", "--ray")
    assert done.returncode == 0, done.stderr
    assert "301 images written" in done.stdout
    assert run(tmp_path / "models", *words, tmp_path / "plain").returncode == 0
    assert held(tmp_path / "ray.zip") == held(tmp_path / "plain")
    again = run(tmp_path / "models", *words, tmp_path / "plain", "--ray")
    assert "301 existed already" in again.stdout


def test_images_translated_on_a_cluster_have_the_same_bytes(tmp_path):
    builders.write_translator(tmp_path / "models", "stylish", builders.stylising_graph())
    source = builders.write_images(tmp_path / "in", "a.png", "b/c.png", "d.png")
    (source / "bad.png").write_bytes(b"bad")
    done = run(tmp_path / "models", "translate", "stylish", source, tmp_path / "ray", "--ray")
    assert done.returncode == 1, done.stderr
    assert "skipped bad.png: the body is not an image" in done.stderr
    assert run(tmp_path / "models", "translate", "stylish", source, tmp_path / "plain.zip").returncode == 1
    assert held(tmp_path / "ray") == held(tmp_path / "plain.zip")
