import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
import service.http.app, service.__main__
print(*sorted(name for name in sys.modules if "." not in name))
"""


def test_the_service_imports_neither_torch_nor_training():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "service" in loaded
    assert not loaded & {"torch", "training", "onnx", "lightning_fabric", "safetensors"}


def test_imports_are_silent():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import service.http.app"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_dependencies_point_the_way_that_the_contracts_say():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "service").rglob("*.py")), ids=lambda path: path.name)
def test_every_module_says_what_it_is(path):
    assert path.read_text().startswith('"""')
