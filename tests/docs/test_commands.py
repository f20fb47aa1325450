"""Every command that README, docs, CONTRIBUTING and the clients' pages show, as a reader would run it.

Blocks of a shell are run by bash against a real server, where `given` says what their words stand for; Python and
TypeScript are run too. What cannot be run stands in the table of `checked`, with what is looked at instead. A command
of neither kind fails.
"""

import gc
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.clients import typescript
from tests.docs import checked, given
from tests.docs.blocks import PAGES, ROOT, Block, Command, blocks, commands, inline, without_settings
from tests.docs.trained import Trained
from tests.server import Server, running

_BLOCKS = [block for page in PAGES for block in blocks(page)]
_BY_BASH = re.compile(r"(curl|tr|sed|head|mkdir|unzip)\b|python -c|python -m service (render|translate)\b")
_MARK = "@@answered"
_FORMS = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".gif": "GIF"}


def named(language: str) -> pytest.MarkDecorator:
    found = [block for block in _BLOCKS if block.language == language]
    return pytest.mark.parametrize("block", found, ids=[block.name for block in found])


@pytest.fixture(scope="module")
def packages(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled packages, and tiny ones for what none of them can do yet."""
    return given.bundled(tmp_path_factory.mktemp("packages"), models)


@pytest.fixture(scope="module")
def server(packages: Path):
    with running(packages) as started:
        yield started


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return Trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> dict[str, str]:
    """The environment of a reader's shell: a curl that tells how it was answered, and this Python."""
    curl = shutil.which("curl")
    if curl is None or shutil.which("bash") is None:
        pytest.skip("curl or bash is not installed, which the pages' commands are written for")
    folder = tmp_path_factory.mktemp("bin")
    note = f"%{{stderr}}\\n{_MARK} %{{http_code}}\\n"
    programs = {"curl": f"{curl} -sS --max-time 30 -w '{note}'", "python": sys.executable}
    for name, command in programs.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "GANVAS_WORKERS": "1"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The reader's working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@named("shell")
def test_shell(block: Block, desk: Path, request: pytest.FixtureRequest):
    follow(block, desk, request)


def follow(block: Block, desk: Path, request: pytest.FixtureRequest) -> None:
    """Does what a block says; fixtures are made where they are needed."""
    kinds = itertools.groupby(commands(block.text), key=kind_of)
    for kind, some in kinds:
        found = list(some)
        if kind == "bash":
            server, shell = request.getfixturevalue("server"), request.getfixturevalue("shell")
            in_bash(found, block.text, desk, server, shell, request.getfixturevalue("packages"))
        elif kind == "training":
            train(found, block.text, desk, request.getfixturevalue("trained"))
        else:
            for command in found:
                look_at(command)


def kind_of(command: Command) -> str:
    plain = [" ".join(words) for words in command.parts]
    if any(checked.kept(words) for words in command.parts):
        return "table"
    if all(_BY_BASH.match(words) for words in plain):
        return "bash"
    if all(words.startswith("python -m training ") for words in plain):
        return "training"
    return "table"


def look_at(command: Command) -> None:
    for words in command.parts:
        entry = checked.kept(words)
        assert entry, f"{' '.join(words)}: it is neither run nor listed in tests/docs/checked.py"
        entry.check(words)


def in_bash(found: list[Command], text: str, desk: Path, server: Server, shell: dict[str, str], packages: Path) -> None:
    """Runs commands as they stand, and looks at what was answered and written."""
    text = given.filled(text, server.port)
    given.lay_out(desk, text, server.port, packages)
    before = {path: path.stat().st_mtime_ns for path in desk.rglob("*")}
    script = "set -eu -o pipefail\n" + given.filled("\n".join(command.text for command in found), server.port)
    environment = shell | {"GANVAS_MODELS_DIR": str(desk / "models")}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=desk,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # a picture without -o
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    answered = [int(status) for status in re.findall(rf"{_MARK} (\d+)", done.stderr)]
    wanted = [command.status for command in found for words in command.parts if words[0] == "curl"]
    assert answered == wanted, f"answered with {answered}, but the page says {wanted}\n{done.stdout[-2000:]}"
    written = [path for path in desk.rglob("*") if path.is_file() and before.get(path) != path.stat().st_mtime_ns]
    for command in found:
        for words in command.parts:
            look_at_files(words, desk)
    for path in written:
        if ".ganvas" not in path.name:
            look_inside(path)
    return done.stdout


def look_at_files(words: tuple[str, ...], desk: Path) -> None:
    """A file that a command names is there, in the form that the command asks for."""
    for option in {"-o", "--out"} & {*words}:
        path = desk / words[words.index(option) + 1]
        assert path.exists(), f"{' '.join(words)}: it did not write {path.name}"
        form = re.search(r"[?&]format=(\w+)", " ".join(words))
        if form and form[1] in ("gif", "apng"):
            with Image.open(path) as picture:
                assert picture.format == {"gif": "GIF", "apng": "PNG"}[form[1]]
                assert picture.n_frames > 1
        elif form:
            assert path.suffix == f".{form[1]}", f"{' '.join(words)}: {path.name} holds {form[1]}"


def look_inside(path: Path) -> None:
    """A file is what its name says."""
    look_at_bytes(path.suffix, path.read_bytes(), path.name)


def look_at_bytes(suffix: str, raw: bytes, name: str) -> None:
    if suffix in _FORMS:
        with Image.open(io.BytesIO(raw)) as picture:
            assert picture.format == _FORMS[suffix], f"{name} is {picture.format}"
            picture.load()
    elif suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            assert archive.namelist(), f"{name} is empty"
            for inner in archive.namelist():
                if not inner.startswith("."):
                    look_at_bytes(Path(inner).suffix, archive.read(inner), f"{name}/{inner}")
    elif suffix == ".npy":
        assert np.load(io.BytesIO(raw)).ndim == 4, name
    else:
        assert suffix == ".json", f"{name}: nothing here knows such files"
        json.loads(raw)


def train(found: list[Command], text: str, desk: Path, trained: Trained) -> None:
    trained.lay_out(desk, text)
    for command in found:
        for words in command.parts:
            code, said = trained.execute(words[3:])
            assert code == 0, f"{' '.join(words)}\n{said[-4000:]}"


_INLINE = [block for page in PAGES for block in inline(page)]


@pytest.mark.parametrize("block", _INLINE, ids=[f"{block.name} {block.text}" for block in _INLINE])
def test_within_a_sentence(block: Block):
    """What stands within a sentence is not run, but is as right as what is."""
    for command in commands(block.text):
        for words in command.parts:
            _, plain = without_settings(words)
            if kind_of(command) == "table":
                look_at(command)
            else:
                (checked.training_options if "training" in plain else checked.batch_options)(plain)


@named("python")
def test_python(block: Block, desk: Path, server: Server, packages: Path, trained: Trained, monkeypatch):
    text = given.filled(block.text, server.port)
    given.lay_out(desk, text, server.port, packages)
    shown = []
    monkeypatch.setattr(Image.Image, "show", lambda picture: shown.append(picture))
    names = given.values(server.port)
    if "objective" in text:
        names["objective"] = trained.objective()
    earlier = [other for other in _BLOCKS if other.page == block.page and other.language == "python"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # short programs leave their connections to the system
        for own in earlier[: earlier.index(block) + 1] if block.page.parent.name == "python" else [block]:
            code = compile(given.filled(own.text, server.port), block.name, "exec")
            if own is not block and "with Client" in own.text:
                continue  # what it opened is closed again
            exec(code, names)
        names.clear()
        gc.collect()
    assert len(shown) == text.count(".show()")
    for path in desk.rglob("*"):
        if path.is_file() and path.suffix in (*_FORMS, ".json"):
            look_inside(path)
    if (desk / "models/mine").exists():
        proves(desk / "models", "mine")


def proves(models: Path, name: str) -> None:
    with running(models, GANVAS_MODELS=name) as served:
        assert served.status(f"/v1/models/{name}/sample?seed=1") == 200


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (typescript.build(tmp_path_factory.mktemp("typescript")) / "src/index.js").as_uri()


@named("typescript")
def test_typescript(block: Block, desk: Path, server: Server, library: str):
    text = given.filled(block.text, server.port)
    if not text.startswith("import"):
        text = (
            f'import {{ Client, mean, seed }} from "{library}";\n'
            f'const ganvas = new Client("http://127.0.0.1:{server.port}");\n'
            "globalThis.createImageBitmap = async (blob) => blob;  // a browser's\n"
            "let drawn = 0; const context = { drawImage() { drawn += 1; } };\n"
            f'const photo = await (await fetch("http://127.0.0.1:{server.port}/v1/models/mnist-gan/preview")).blob();\n'
            + text
        )
    (desk / "block.mjs").write_text(text.replace('"ganvas-client"', f'"{library}"'))
    done = subprocess.run(["node", "block.mjs"], cwd=desk, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


_DATA = [block for block in _BLOCKS if block.language not in ("shell", "python", "typescript")]


@pytest.mark.parametrize("block", _DATA, ids=[block.name for block in _DATA])
def test_what_is_no_program(block: Block, desk: Path, request: pytest.FixtureRequest):
    """JSON is what the call above it answers, to a few digits; YAML can be read."""
    assert block.language in ("json", "yaml", "text"), f"{block.language}: nothing here knows such blocks"
    if block.language == "yaml":
        list(yaml.safe_load_all(block.text))
    if block.language != "json":
        return
    above = _BLOCKS[_BLOCKS.index(block) - 1]
    assert above.page == block.page, "no call stands above it"
    needed = [request.getfixturevalue(name) for name in ("server", "shell", "packages")]
    said = in_bash(commands(above.text), above.text, desk, *needed)
    assert rounded(json.loads(said)) == rounded(json.loads(block.text))


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return (
        [rounded(item) for item in value]
        if isinstance(value, list)
        else (round(value, 1) if isinstance(value, float) else value)
    )


SAMPLE = "localhost:8000/v1/models/mnist-gan/sample"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"curl '{SAMPLE}?seed=1&n=1000'", "422"),
        (f"curl '{SAMPLE}?seed=1'   # 404", "404"),
        (f"curl '{SAMPLE}?seed=1' -o one.gif", "one.gif is PNG"),
        (f"curl '{SAMPLE}?seed=1&format=jpeg' -o one.png", "one.png"),
        (f"curl '{SAMPLE}?seed=1' --out one.png", "option --out"),
        (f"curl '{SAMPLE}?seed=1' | unknown-program", "neither run nor listed"),
        ("python -m service render nothing --seeds 0:9 --out nothing", "there is no model"),
        ("python -m training train gan-mnist --data PATH --out RUN --nothing 1", "--nothing"),
        ("python -m training train nothing --data PATH --out RUN", "nothing"),
        ("python -m training evaluate runs/nothing", "holds no run"),
        ("python -m nothing", "neither run nor listed"),
        ("make nothing", "nothing"),
        ("make bench BENCH='--nothing 1'", "2"),
        ("docker compose --profile nothing up", "nothing"),
        ("docker compose up nothing", "nothing"),
        ("GANVAS_SERVICE=nothing docker compose up", "nothing"),
        ("kubectl apply --kustomize deploy/kubernetes/nothing", "there is no"),
        ("serve run deploy/nothing.yaml", "there is no"),
        ("docker run -p 8000:9000 ganvas", "9000"),
        ("GANVAS_NOTHING=1 python -m service", "GANVAS_NOTHING"),
        ("GANVAS_RATE_LIMIT=often python -m service", "often"),
        ("pip install torch", "not ours"),
        ("pip install ganvas", "not ours"),
        ("pip install 'ganvas[cpu]'", "not ours"),
        ("pip install --editable '.[nothing]'", "nothing"),
        ("pip install --constraint nothing.txt '.[cpu]'", "nothing.txt"),
        ("make serve EXTRA=nothing", "nothing"),
        ("torchrun --nnodes 2 -m training train dcgan-faces --data PATH --nothing", "--nothing"),
        ("python -m training study nothing --data PATH --out RUN", "nothing"),
        ("python -m training directions RUN --attributes Nothing", "Nothing"),
    ],
)
def test_a_wrong_command_fails(text: str, said: str, desk: Path, request: pytest.FixtureRequest):
    with pytest.raises((AssertionError, ValueError, SystemExit), match=re.escape(said)):
        follow(Block(ROOT / "README.md", 1, "shell", text), desk, request)


_OURS = re.compile(r"python -m (service|training)\b|pip install .*\.\[|(serve|ray|torchrun|tensorboard)\b")


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_environment_is_activated_before_it_is_used(page: Path):
    """What a reader has not activated finds neither our packages nor their programs."""
    used = [
        block.line
        for block in (*blocks(page), *(inline(page) if page.name == "README.md" else ()))
        if block.language == "shell"
        for command in commands(block.text)
        for words in command.parts
        if _OURS.match(" ".join(without_settings(words)[1]))
    ]
    # A block may begin with it.
    above = page.read_text().splitlines()[: min(used, default=0)]
    assert not used or any(". .venv/bin/activate" in line for line in above)


_TELLING = ("service/**/*.py", "training/**/*.py", "deploy/**/*", "docs/**/*.md", "clients/*/*.md", "*.md", "*.yml")


@pytest.mark.parametrize("pattern", _TELLING)
def test_nobody_is_told_to_install_a_stranger(pattern: str):
    """No distribution `ganvas` is ours on PyPI: whoever took the name would be run."""
    told = [path for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc"]
    assert told
    assert [path for path in told if re.search(r"install [^\n]*(?<![\w/.-])ganvas\b(?![/-])", path.read_text())] == []
