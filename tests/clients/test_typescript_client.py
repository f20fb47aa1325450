"""The TypeScript client: its types against the OpenAPI document, and its own tests against a real server."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.openapi import page
from tests.clients.typescript import CLIENT, install, run
from tests.conftest import listening
from tests.server import running

ROOT = Path(__file__).parents[2]
STALE = "the OpenAPI document has changed: run make client-types and check the client"


def test_types_were_generated_from_the_current_document():
    digest = re.search(r"sha256 (\w+)", (CLIENT / "src/openapi.ts").read_text())
    assert digest is not None
    assert digest[1] == hashlib.sha256(page()).hexdigest(), STALE


def test_lock_file_names_only_the_public_registry():
    hosts = set(re.findall(r'"resolved": "https?://([^/"]+)', (CLIENT / "package-lock.json").read_text()))
    assert hosts <= {"registry.npmjs.org"}


@pytest.fixture(scope="module")
def packages():
    install()


@pytest.fixture(scope="module")
def built(packages):
    done = run("node", "node_modules/typescript/bin/tsc")
    assert done.returncode == 0, done.stdout
    return CLIENT / "dist"


def test_types_are_generated_reproducibly(packages, tmp_path):
    done = run("node", "generate.mjs", tmp_path / "openapi.ts", input=page().decode())
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "openapi.ts").read_text() == (CLIENT / "src/openapi.ts").read_text(), STALE


def test_tests_of_the_client_pass(built, port, models):
    with listening(models, api_keys=("secret",)) as locked:
        urls = {"GANVAS_URL": f"http://127.0.0.1:{port}", "GANVAS_LOCKED_URL": f"http://127.0.0.1:{locked}"}
        done = run("node", "--test", built / "tests/client.test.js", env=os.environ | urls)
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"^# pass 1\d$", done.stdout, re.MULTILINE), done.stdout[-600:]
    assert "# skipped 0" in done.stdout


def test_first_example_of_the_readme_runs(built, tmp_path):
    block = re.search(r"\n((?:(?:    .*)?\n)+)", (CLIENT / "README.md").read_text())
    assert block is not None
    script = "\n".join(line[4:] for line in block[1].splitlines())
    assert len([line for line in script.splitlines() if line]) <= 5
    with running(ROOT / "models", GANVAS_MODELS="mnist-gan") as server:
        script = script.replace("http://localhost:8000", server.url)
        (tmp_path / "first.mjs").write_text(script.replace("ganvas-client", (built / "src/index.js").as_uri()))
        done = run("node", tmp_path / "first.mjs")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"image/png \d{3,}\n", done.stdout)


def test_client_is_installed_by_its_path_from_another_project(packages, tmp_path):
    """`npm install PATH` installs no compiler; a checkout without node_modules builds the client all the same."""
    ignored = shutil.ignore_patterns("node_modules", "dist")
    shutil.copytree(CLIENT, tmp_path / "client", ignore=ignored)
    project = tmp_path / "project"
    project.mkdir()
    (project / "package.json").write_text('{"name": "project", "type": "module"}')
    npm = ("npm", "install", "--omit=dev", "--no-fund", "--no-audit", "../client")
    done = subprocess.run(npm, cwd=project, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    script = 'import { seed } from "ganvas-client"; console.log(JSON.stringify(seed(7)));'
    shown = subprocess.run(
        ["node", "--input-type=module", "--eval", script], cwd=project, capture_output=True, text=True, check=False
    )
    assert (shown.stdout, shown.stderr) == ('{"seed":7}\n', "")


def test_client_has_no_runtime_dependencies():
    import json

    assert "dependencies" not in json.loads((CLIENT / "package.json").read_text())
    for path in (CLIENT / "src").glob("*.ts"):
        assert all(name.startswith("./") for name in re.findall(r'from "([^"]+)"', path.read_text())), path.name
