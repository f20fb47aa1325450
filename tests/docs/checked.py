"""Commands that pages show and a test cannot run: each with what is looked at instead.

A command that is neither run nor listed here fails the test.
"""

import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import yaml

from service.settings import Settings
from tests.docs.blocks import ROOT, without_settings

Words = tuple[str, ...]


def a_target(words: Words) -> None:
    """`make` knows the target: a dry run prints what it would do."""
    for word in words:
        if word.startswith("EXTRA="):
            are_extras(word.removeprefix("EXTRA="))
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    command = ["make", "-n", f"PYTHON={sys.executable}", *words[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def benchmark_options(words: Words) -> None:
    """The target is there, and the benchmark takes the options that it is handed."""
    a_target(words)
    from tests.benchmark import service

    (options,) = [word.removeprefix("BENCH=") for word in words if word.startswith("BENCH=")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["bench", *options.split()])
        if options == "--help":
            with pytest.raises(SystemExit, match="0"):
                service._options()
        else:
            service._options()


def settings(words: Words) -> None:
    """The variables are settings, and may have these values; `--help` is answered."""
    given, _ = without_settings(words)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            assert name.removeprefix("GANVAS_").lower() in Settings.model_fields, name
            patch.setenv(name, value)
        Settings()


def batch_options(words: Words) -> None:
    """The batch command takes these options."""
    import argparse

    from service.batch import command

    parser = argparse.ArgumentParser(exit_on_error=False)
    command.add_to(parser.add_subparsers())
    _, plain = without_settings(words)
    parser.parse_args(plain[3:])


def training_options(words: Words) -> None:
    """`python -m training` takes these words."""
    from tests.docs import trained

    trained.parse(words[words.index("training") + 1 :])


def attributes(words: Words) -> None:
    """The words are taken, and the judge reads the attributes."""
    from training import classifiers

    training_options(words)
    given = words[words.index("--attributes") + 1 :] if "--attributes" in words else ()
    assert set(given) <= {*(classifiers.load("celeba").attributes or ())}, f"{given}: the judge does not read all"


def a_profile(words: Words) -> None:
    """docker-compose.yml has the profiles and the services, also the one that the cache is put before."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    given, words = without_settings(words)
    assert {*given.values()} <= set(services), given
    rest, profiles = list(words[2:]), set()
    while rest[0] == "--profile":
        profiles.add(rest[1])
        del rest[:2]
    assert profiles <= {profile for about in services.values() for profile in about.get("profiles", ())}, words
    verb, *named = [word for word in rest if not word.startswith("-")]
    assert verb in ("up", "down", "build", "logs", "pull"), words
    assert {*named} <= set(services), words


def an_image(words: Words) -> None:
    """The Dockerfile is there, takes the arguments, and listens on the port."""
    text = (ROOT / "Dockerfile").read_text()
    for word in words:
        if re.fullmatch(r"[A-Z]+=\w+", word):
            assert f"ARG {word.split('=')[0]}" in text, f"{word}: the Dockerfile takes no such argument"
        if found := re.fullmatch(r"\d+:(\d+)", word):
            assert f"EXPOSE {found[1]}" in text, f"{word}: the Dockerfile says another port"


def a_package(words: Words) -> None:
    """What is installed is a folder with a package, or this one with extras; PyPI's `ganvas` would be a stranger's."""
    for before, word in itertools.pairwise(words[1:]):
        if word.startswith("./"):
            assert (ROOT / word / ("package.json" if words[0] == "npm" else "pyproject.toml")).exists(), word
        elif found := re.fullmatch(r"\.\[([\w,]+)\]", word):
            are_extras(found[1])
        elif before == "--constraint":
            assert (ROOT / word).exists(), f"there is no {word}"
        else:
            assert word.startswith("-"), f"{word}: it is not ours to install"


def are_extras(names: str) -> None:
    """The names, between commas, are extras of this package."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {*names.split(",")} <= {*extras}, f"{names}: there is no such extra"


def files(words: Words) -> None:
    """The files that are named are there."""
    named = [word for word in words if "/" in word and not re.match(r"[\w.]+:\d|https?:|/", word)]
    for word in named:
        assert (ROOT / word).exists(), f"there is no {word}"


def nothing(words: Words) -> None:
    """A program of somebody else's, whose words say all."""


@dataclass(frozen=True)
class Kept:
    """A command that is not run.

    Attributes:
        pattern: its words, joined by blanks.
        why: it is not run.
        check: what is looked at instead.
    """

    pattern: str
    why: str
    check: Callable[[Words], None]


TABLE = (
    Kept(r"make bench .*BENCH=.*", "takes minutes; tests run it small", benchmark_options),
    Kept(
        r"make (bench(-engines|-training|-scaling)?|soak)( EXTRA=\w+ VENV=\S+)?",
        "takes minutes; tests run it small",
        a_target,
    ),
    Kept(r"make (serve|\.venv/\.(serve|dev))", "never ends, and installs; tests/server.py starts it", a_target),
    Kept(
        r"make (test|test-ray|lint|format|clean|client-types|pictures)",
        "is this run, or changes what it stands on",
        a_target,
    ),
    Kept(r"\. \.venv/bin/activate", "make has made it", nothing),
    Kept(r"(GANVAS_.* )?python -m service( --help)?\Z", "goes on until it is stopped", settings),
    Kept(r"RAY_ADDRESS=\S+ python -m service .* --ray", "needs a cluster; test_ray.py runs it", batch_options),
    Kept(r"torchrun .* -m training", "needs two machines; test_together.py runs several processes", training_options),
    Kept(
        r"python -m training directions RUN( --attributes .*)?\Z",
        "needs faces that one can tell apart; test_directions.py makes them",
        attributes,
    ),
    Kept(r"python -m training study .*", "takes hours; test_study.py runs it small", training_options),
    Kept(r"tensorboard --logdir", "goes on until it is stopped", nothing),
    Kept(r"kubectl", "needs a cluster; tests/deploy/test_kubernetes.py renders and checks what is named", files),
    Kept(r"(RAY_\w+=\S+ )*(serve|ray)", "needs Ray; tests/deploy/test_ray_serve.py starts the same", files),
    Kept(r"(GANVAS_SERVICE=\S+ )?docker compose", "needs Docker", a_profile),
    Kept(r"docker (build|run)", "needs Docker", an_image),
    Kept(r"(pip|npm) install", "needs a network", a_package),
    Kept(r"apt-get install", "needs a network, and changes the machine", nothing),
)


def kept(words: Words) -> Kept | None:
    """The entry of a command, where it is not run."""
    said = " ".join(words)
    return next((entry for entry in TABLE if re.match(rf"(?:{entry.pattern})(?=\s|\Z)", said)), None)
