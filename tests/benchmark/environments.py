"""An environment for each peer, made beside this project's own, and made again when its requirements change."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.benchmark.registry import Peer

_FOLDER = Path(sys.prefix) / "bench"
_BLOCK = re.compile(r"^# /// script\n((?:#.*\n)*?)# ///$", re.MULTILINE)
_STAMP = "requirements.txt"


class NotInstalled(RuntimeError):
    """A peer's environment could not be made."""


def install(peers: Sequence[Peer]) -> dict[str, str]:
    """Makes the environments that are missing; why one could not be made, by the peer's name."""
    reasons = {}
    for peer in peers:
        try:
            python_of(peer)
        except NotInstalled as error:
            reasons[peer.name] = str(error)
    return reasons


def python_of(peer: Peer) -> Path:
    """The interpreter of a peer's environment, which is created first if it is missing.

    Raises:
        NotInstalled: with the reason.
    """
    if not peer.own_environment:
        return Path(sys.executable)
    wanted = "\n".join(requirements(peer))
    folder = _FOLDER / peer.name
    python, stamp = folder / "bin" / "python", folder / _STAMP
    if not (stamp.exists() and stamp.read_text() == wanted):
        print(f"  installing {wanted.splitlines()[0]}", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _call(peer, [_interpreter(peer), "-m", "venv", str(folder)])
        _call(peer, [str(python), "-m", "pip", "install", "--quiet", "--only-binary=:all:", *requirements(peer)])
        stamp.write_text(wanted)
    return python


def requirements(peer: Peer) -> list[str]:
    """What a peer's program says that it needs, as PEP 723 has it."""
    text = (Path(__file__).parent / "peers" / f"{peer.module}.py").read_text()
    found = _BLOCK.search(text)
    assert found, f"{peer.module} has no block of requirements"
    block = "".join(line.removeprefix("#").removeprefix(" ") for line in found[1].splitlines(keepends=True))
    return list(tomllib.loads(block)["dependencies"])


def _interpreter(peer: Peer) -> str:
    if peer.python is None:
        return sys.executable
    if not Path(peer.python).exists():
        raise NotInstalled(f"{peer.name} needs {peer.python}, which is not there")
    return peer.python


def _call(peer: Peer, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        message = next((line for line in reversed(lines) if "ERROR" in line), lines[-1] if lines else "no output")
        raise NotInstalled(f"{peer.name} cannot be installed: {message.strip()[:300]}")
