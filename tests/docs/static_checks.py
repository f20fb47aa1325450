"""Commands on the pages that a test cannot run, each with a static check instead.

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


def check_target(words: Words) -> None:
    """`make` has the target: a dry run prints its commands."""
    for word in words:
        if word.startswith("EXTRA="):
            check_extras(word.removeprefix("EXTRA="))
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    command = ["make", "-n", f"PYTHON={sys.executable}", *words[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def check_benchmark_options(words: Words) -> None:
    """The target exists, and the benchmark accepts the options."""
    check_target(words)
    from tests.benchmark import service

    (options,) = [word.removeprefix("BENCH=") for word in words if word.startswith("BENCH=")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["bench", *options.split()])
        if options == "--help":
            with pytest.raises(SystemExit, match="0"):
                service._options()
        else:
            service._options()


def check_settings(words: Words) -> None:
    """The variables are settings that accept these values."""
    values, _ = without_settings(words)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            assert name.removeprefix("GANVAS_").lower() in Settings.model_fields, name
            patch.setenv(name, value)
        Settings()


def check_batch_options(words: Words) -> None:
    """The batch command accepts these options."""
    import argparse

    from service.batch import command

    parser = argparse.ArgumentParser(exit_on_error=False)
    command.add_to(parser.add_subparsers())
    _, plain = without_settings(words)
    parser.parse_args(plain[3:])


def check_training_options(words: Words) -> None:
    """`python -m training` accepts these arguments."""
    from tests.docs import training_commands

    training_commands.parse(words[words.index("training") + 1 :])


def check_attributes(words: Words) -> None:
    """The arguments are accepted, and the classifier knows the attributes."""
    from training import classifiers

    check_training_options(words)
    values = words[words.index("--attributes") + 1 :] if "--attributes" in words else ()
    assert set(values) <= {*(classifiers.load("celeba").attributes or ())}, (
        f"{values}: the classifier does not know all of them"
    )


def check_compose(words: Words) -> None:
    """docker-compose.yml has the profiles and the services, including the one behind the cache."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    values, words = without_settings(words)
    assert {*values.values()} <= set(services), values
    rest, profiles = list(words[2:]), set()
    while rest[0] == "--profile":
        profiles.add(rest[1])
        del rest[:2]
    assert profiles <= {profile for about in services.values() for profile in about.get("profiles", ())}, words
    verb, *named = [word for word in rest if not word.startswith("-")]
    assert verb in ("up", "down", "build", "logs", "pull"), words
    assert {*named} <= set(services), words


def check_docker_image(words: Words) -> None:
    """The Dockerfile declares the build arguments and exposes the port."""
    text = (ROOT / "Dockerfile").read_text()
    for word in words:
        if re.fullmatch(r"[A-Z]+=\w+", word):
            assert f"ARG {word.split('=')[0]}" in text, f"{word}: the Dockerfile declares no such argument"
        if found := re.fullmatch(r"\d+:(\d+)", word):
            assert f"EXPOSE {found[1]}" in text, f"{word}: the Dockerfile exposes another port"


def check_package(words: Words) -> None:
    """Only local packages are installed: nobody knows who owns the name `ganvas` on PyPI."""
    for before, word in itertools.pairwise(words[1:]):
        if word.startswith("./"):
            assert (ROOT / word / ("package.json" if words[0] == "npm" else "pyproject.toml")).exists(), word
        elif found := re.fullmatch(r"\.\[([\w,]+)\]", word):
            check_extras(found[1])
        elif before == "--constraint":
            assert (ROOT / word).exists(), f"there is no {word}"
        else:
            assert word.startswith("-"), f"{word}: it is not ours to install"


def check_extras(names: str) -> None:
    """The names, between commas, are extras of this package."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {*names.split(",")} <= {*extras}, f"{names}: there is no such extra"


def check_paths(words: Words) -> None:
    """The named files exist."""
    named = [word for word in words if "/" in word and not re.match(r"[\w.]+:\d|https?:|/", word)]
    for word in named:
        assert (ROOT / word).exists(), f"there is no {word}"


def no_check(words: Words) -> None:
    """A program of a third party: there is nothing to check."""


@dataclass(frozen=True)
class StaticCheck:
    """A command that is not run.

    Attributes:
        pattern: a regular expression for its words, joined by blanks.
        why: the reason why it is not run.
        check: the check that replaces the run.
    """

    pattern: str
    why: str
    check: Callable[[Words], None]


TABLE = (
    StaticCheck(r"make bench .*BENCH=.*", "takes minutes; tests run it small", check_benchmark_options),
    StaticCheck(
        r"make (bench(-engines|-training|-scaling)?|soak)( EXTRA=\w+ VENV=\S+)?",
        "takes minutes; tests run it small",
        check_target,
    ),
    StaticCheck(
        r"make (serve|\.venv/\.(serve|dev))",
        "does not end, and installs packages; tests/server.py starts the service",
        check_target,
    ),
    StaticCheck(
        r"make (test|test-ray|lint|format|clean|client-types|images)",
        "is this run, or changes its files",
        check_target,
    ),
    StaticCheck(r"\. \.venv/bin/activate", "make has made it", no_check),
    StaticCheck(r"(GANVAS_.* )?python -m service( --help)?\Z", "runs until it is stopped", check_settings),
    StaticCheck(
        r"RAY_ADDRESS=\S+ python -m service .* --ray", "needs a cluster; test_ray.py runs it", check_batch_options
    ),
    StaticCheck(
        r"torchrun .* -m training",
        "needs two machines; test_together.py runs several processes",
        check_training_options,
    ),
    StaticCheck(
        r"python -m training directions RUN( --attributes .*)?\Z",
        "needs faces that differ; test_directions.py generates them",
        check_attributes,
    ),
    StaticCheck(r"python -m training study .*", "takes hours; test_study.py runs it small", check_training_options),
    StaticCheck(r"tensorboard --logdir", "runs until it is stopped", no_check),
    StaticCheck(
        r"kubectl", "needs a cluster; tests/deploy/test_kubernetes.py renders and checks the manifests", check_paths
    ),
    StaticCheck(
        r"(RAY_\w+=\S+ )*(serve|ray)", "needs Ray; tests/deploy/test_ray_serve.py starts the same", check_paths
    ),
    StaticCheck(r"(GANVAS_SERVICE=\S+ )?docker compose", "needs Docker", check_compose),
    StaticCheck(r"docker (build|run)", "needs Docker", check_docker_image),
    StaticCheck(r"(pip|npm) install", "needs a network", check_package),
    StaticCheck(r"apt-get install", "needs a network, and changes the machine", no_check),
)


def find_entry(words: Words) -> StaticCheck | None:
    """Return the entry of a command that is not run."""
    text = " ".join(words)
    return next((entry for entry in TABLE if re.match(rf"(?:{entry.pattern})(?=\s|\Z)", text)), None)
