"""schemathesis over the OpenAPI page: its own command, with all its checks and all its phases."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("schemathesis")

# What a schema cannot express (a vector's length for this model, whether bytes are an image) is rightly refused: beside
# schemathesis' own list, 406, 413, 415, 422 and 503 are responses to valid data too.
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 409, 406, 413, 415, 422, 503]
"""


def test_schemathesis_finds_nothing(port, tmp_path):
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    command = [
        Path(sys.executable).parent / "schemathesis", "--config-file", "schemathesis.toml",
        "run", f"http://127.0.0.1:{port}/openapi.json", "--checks", "all", "--max-examples", "5", "--seed", "1",
        "--no-color", "--phases", "examples,coverage,fuzzing,stateful",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "0 covered" not in done.stdout  # the links between the calls were followed
