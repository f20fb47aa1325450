"""Every command that README, docs, CONTRIBUTING and the clients' pages show, as a reader would run it.

bash runs the shell blocks against a real server; `placeholders` replaces the names of a reader's own files and models.
Python and TypeScript blocks are run too. A command that cannot be run is listed in `static_checks` with a check that
replaces the run. A command of neither kind fails.
"""

import gc
import json
import subprocess
import warnings
from pathlib import Path

import pytest
import yaml
from PIL import Image

from tests.docs import placeholders, static_checks
from tests.docs.blocks import PAGES, Block, blocks, commands, inline, without_settings
from tests.docs.execution import FORMATS, check_file, check_static, execute, kind_of, run_in_bash
from tests.docs.training_commands import TrainingRuns
from tests.server import Server, running

_BLOCKS = [block for page in PAGES for block in blocks(page)]


def named(language: str) -> pytest.MarkDecorator:
    found = [block for block in _BLOCKS if block.language == language]
    return pytest.mark.parametrize("block", found, ids=[block.name for block in found])


@named("shell")
def test_shell(block: Block, workdir: Path, request: pytest.FixtureRequest):
    execute(block, workdir, request)


_INLINE = [block for page in PAGES for block in inline(page)]


@pytest.mark.parametrize("block", _INLINE, ids=[f"{block.name} {block.text}" for block in _INLINE])
def test_inline_commands(block: Block):
    """Commands within a sentence are not run; their arguments are checked."""
    for command in commands(block.text):
        for words in command.parts:
            _, plain = without_settings(words)
            if kind_of(command) == "table":
                check_static(command)
            else:
                (static_checks.check_training_options if "training" in plain else static_checks.check_batch_options)(
                    plain
                )


@named("python")
def test_python(block: Block, workdir: Path, server: Server, packages: Path, training_runs: TrainingRuns, monkeypatch):
    text = placeholders.fill(block.text, server.port)
    placeholders.lay_out(workdir, text, server.port, packages)
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda picture: shown.append(picture))
    names = placeholders.values(server.port)
    if "objective" in text:
        names["objective"] = training_runs.objective()
    earlier = [other for other in _BLOCKS if other.page == block.page and other.language == "python"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # short programs leave their connections to the system
        for own in earlier[: earlier.index(block) + 1] if block.page.parent.name == "python" else [block]:
            code = compile(placeholders.fill(own.text, server.port), block.name, "exec")
            if own is not block and "with Client" in own.text:
                continue  # what it opened is closed again
            exec(code, names)
        names.clear()
        gc.collect()
    assert len(shown) == text.count(".show()")
    for path in workdir.rglob("*"):
        if path.is_file() and path.suffix in (*FORMATS, ".json"):
            check_file(path)
    if (workdir / "models/mine").exists():
        check_served(workdir / "models", "mine")


def check_served(models: Path, name: str) -> None:
    with running(models, GANVAS_MODELS=name) as served:
        assert served.status(f"/v1/models/{name}") == 200


@named("typescript")
def test_typescript(block: Block, workdir: Path, server: Server, library: str):
    text = placeholders.fill(block.text, server.port)
    if not text.startswith("import"):
        text = (
            f'import {{ Client, mean, seed }} from "{library}";\n'
            f'const ganvas = new Client("http://127.0.0.1:{server.port}");\n'
            "globalThis.createImageBitmap = async (blob) => blob;  // a browser's\n"
            "let drawn = 0; const context = { drawImage() { drawn += 1; } };\n"
            f'const photo = await (await fetch("http://127.0.0.1:{server.port}/v1/models/mnist-gan/preview")).blob();\n'
            + text
        )
    (workdir / "block.mjs").write_text(text.replace('"ganvas-client"', f'"{library}"'))
    done = subprocess.run(["node", "block.mjs"], cwd=workdir, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr


_DATA = [block for block in _BLOCKS if block.language not in ("shell", "python", "typescript")]


@pytest.mark.parametrize("block", _DATA, ids=[block.name for block in _DATA])
def test_data_blocks(block: Block, workdir: Path, request: pytest.FixtureRequest):
    """JSON is what the call above it returns, to a few digits; YAML can be parsed; test_architecture reads Mermaid."""
    assert block.language in ("json", "yaml", "text", "mermaid"), f"{block.language}: no test checks such blocks"
    if block.language == "yaml":
        list(yaml.safe_load_all(block.text))
    if block.language != "json":
        return
    above = _BLOCKS[_BLOCKS.index(block) - 1]
    assert above.page == block.page, "no call stands above it"
    needed = [request.getfixturevalue(name) for name in ("server", "shell", "packages")]
    output = run_in_bash(commands(above.text), above.text, workdir, *needed)
    assert rounded(json.loads(output)) == rounded(json.loads(block.text))


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return (
        [rounded(item) for item in value]
        if isinstance(value, list)
        else (round(value, 1) if isinstance(value, float) else value)
    )
