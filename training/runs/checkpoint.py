"""Checkpoints and the state of random number generators.

A full disk or a kill leaves the existing checkpoint intact, see `files.atomic_write`. A checkpoint holds plain values
and tensors only, so that loading one never runs code.
"""

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.runs.files import atomic_write


class CheckpointError(RuntimeError):
    """A checkpoint could not be written or read; the message names the file and the reason."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Writes `state` to `path` atomically.

    Raises:
        CheckpointError: the disk is full or the folder is not writable; an existing checkpoint is unchanged.
    """
    try:
        with atomic_write(path) as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:  # torch's zip writer turns a full disk into a RuntimeError
        raise CheckpointError(f"{path} was not written ({error}); the checkpoint before it is whole") from error


def load(path: Path) -> dict[str, Any]:
    """Reads a checkpoint that `save` wrote.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
    except Exception as error:  # torch.load has no common base for what a damaged file raises
        # torch's own message advises loading the file as a pickle.
        raise CheckpointError(f"{path} is damaged or no checkpoint") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is no checkpoint: it holds a {type(state).__name__}")
    return state


def require(state: dict[str, Any], *names: str) -> None:
    """Checks that a checkpoint has all these entries.

    Raises:
        CheckpointError: an entry is missing, since another version wrote the checkpoint.
    """
    if missing := set(names) - set(state):
        raise CheckpointError(f"the checkpoint is of another version: it has no {min(missing)}")


def rng_state() -> dict[str, Any]:
    """Returns the state of every random number generator: Python, NumPy, torch and CUDA."""
    version, words, gauss = random.getstate()
    numpy = np.random.get_state(legacy=False)  # noqa: NPY002  # libraries may still use it
    return {
        "python": [version, list(words), gauss],
        "numpy": {**numpy, "state": {**numpy["state"], "key": numpy["state"]["key"].tolist()}},
        "torch": torch.get_rng_state(),
        # Each process stores the state of its own device; the states are equal.
        "cuda": [torch.cuda.get_rng_state()] if torch.cuda.is_available() else [],
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Restores the state that `rng_state` returned."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    numpy = state["numpy"]
    keys = np.array(numpy["state"]["key"], np.uint32)
    np.random.set_state({**numpy, "state": {**numpy["state"], "key": keys}})  # noqa: NPY002  # as above
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"][0])
