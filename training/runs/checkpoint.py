"""Atomic checkpoints and exact resume.

A checkpoint is written beside the last one and moved over it only when all its bytes are on the disk, so that a full
disk or a kill at any moment leaves a whole one. It holds plain values and tensors only, so that reading one runs no
code of its author's.
"""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch


class CheckpointError(RuntimeError):
    """A checkpoint could not be written or read; the message says which and why."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Writes `state` to `path` atomically.

    Raises:
        CheckpointError: the disk is full or the folder not writable; an earlier checkpoint is left whole.
    """
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch's zip writer turns a full disk into a RuntimeError
        partial.unlink(missing_ok=True)
        raise CheckpointError(f"{path} was not written ({error}); the checkpoint before it is whole") from error


def load(path: Path) -> dict[str, Any]:
    """Reads what `save` wrote.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint at {path}") from error
    except Exception as error:  # torch.load has no common base for what a damaged file raises
        # Not in torch's words: they advise to read the file as a pickle.
        raise CheckpointError(f"{path} is damaged or no checkpoint") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} is no checkpoint: it holds a {type(state).__name__}")
    return state


def rng_state() -> dict[str, Any]:
    """The state of every random number generator: Python's, NumPy's and torch's, CUDA's included."""
    version, words, gauss = random.getstate()
    numpy = np.random.get_state(legacy=False)  # noqa: NPY002  # libraries that we call may still draw from it
    return {
        "python": [version, list(words), gauss],
        "numpy": {**numpy, "state": {**numpy["state"], "key": numpy["state"]["key"].tolist()}},
        "torch": torch.get_rng_state(),
        # Of this process's own device: all processes draw alike, each on its own.
        "cuda": [torch.cuda.get_rng_state()] if torch.cuda.is_available() else [],
    }


def set_rng_state(state: dict[str, Any]) -> None:
    """Goes on from what `rng_state` returned."""
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))
    numpy = state["numpy"]
    keys = np.array(numpy["state"]["key"], np.uint32)
    np.random.set_state({**numpy, "state": {**numpy["state"], "key": keys}})  # noqa: NPY002  # as above
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"][0])
