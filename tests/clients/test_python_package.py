"""The Python client as a package: README, signatures, exports and dependencies."""

import ast
import inspect
import re
import runpy
import sys
import tomllib
from pathlib import Path

import ganvas_client
from ganvas_client import AsyncClient, Client, errors
from PIL import Image

from tests.server import running

ROOT = Path(__file__).parents[2]


def test_first_example_of_the_readme_runs(tmp_path, monkeypatch):
    readme = (ROOT / "clients/python/README.md").read_text()
    lines = re.findall(r"\n((?:(?:    .*)?\n)+)", readme)[0]
    script = "\n".join(line[4:] for line in lines.splitlines())
    assert len([line for line in script.splitlines() if line]) <= 5
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda image: shown.append(image))
    monkeypatch.chdir(tmp_path)
    with running(ROOT / "models", GANVAS_MODELS="mnist-gan") as server:
        (tmp_path / "first.py").write_text(script.replace("http://localhost:8000", server.url))
        runpy.run_path(str(tmp_path / "first.py"))
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.size == (112, 112)
    assert [image.size for image in shown] == [(28, 28)]


def test_other_examples_of_the_readme_name_existing_methods():
    readme = (ROOT / "clients/python/README.md").read_text()
    for block in re.findall(r"\n((?:    .*\n)+)", readme):
        script = "\n".join(line[4:] for line in block.splitlines())
        if "pip install" not in script:
            for method in re.findall(r"ganvas\.(\w+)\(", script):
                assert hasattr(Client, method)
            ast.parse(script)


def test_both_clients_have_the_same_methods():
    for name, method in inspect.getmembers(Client, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        other = inspect.signature(getattr(AsyncClient, name))
        own = inspect.signature(method)
        for parameter in own.parameters.keys() - {"transport"}:
            assert own.parameters[parameter] == other.parameters[parameter], (name, parameter)
        if name != "stream":
            assert own.return_annotation == other.return_annotation


def test_error_tree_in_the_docstring_is_complete():
    documented = re.findall(r"[├└]── (\w+)|^(GanvasError)$", errors.__doc__, re.MULTILINE)
    kinds = {kind.__name__ for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)}
    assert {one or two for one, two in documented} == kinds
    assert kinds <= set(ganvas_client.__all__)


def test_dependencies_are_httpx_and_pillow():
    about = tomllib.loads((ROOT / "clients/python/pyproject.toml").read_text())["project"]
    assert [re.split("[>=]", part)[0] for part in about["dependencies"]] == ["httpx", "pillow"]
    imported = set()
    for path in (ROOT / "clients/python/ganvas_client").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).split(".")[0])
    assert imported - sys.stdlib_module_names == {"httpx", "PIL", "ganvas_client"}
