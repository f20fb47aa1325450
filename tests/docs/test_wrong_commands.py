"""Wrong commands and unsafe advice on a page fail the tests of `test_commands`."""

import re
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, Block, blocks, commands, inline, without_settings
from tests.docs.execution import execute

SAMPLE = "localhost:8000/v1/models/mnist-gan/sample"


@pytest.mark.parametrize(
    ("text", "output"),
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
def test_a_wrong_command_fails(text: str, output: str, workdir: Path, request: pytest.FixtureRequest):
    with pytest.raises((AssertionError, ValueError, SystemExit), match=re.escape(output)):
        execute(Block(ROOT / "README.md", 1, "shell", text), workdir, request)


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


_PAGES_AND_SOURCES = (
    "service/**/*.py",
    "training/**/*.py",
    "deploy/**/*",
    "docs/**/*.md",
    "clients/*/*.md",
    "*.md",
    "*.yml",
)


@pytest.mark.parametrize("pattern", _PAGES_AND_SOURCES)
def test_no_page_installs_an_unknown_distribution(pattern: str):
    """No distribution `ganvas` is ours on PyPI: whoever took the name would be run."""
    told = [path for path in ROOT.glob(pattern) if path.is_file() and path.suffix != ".pyc"]
    assert told
    assert [path for path in told if re.search(r"install [^\n]*(?<![\w/.-])ganvas\b(?![/-])", path.read_text())] == []
