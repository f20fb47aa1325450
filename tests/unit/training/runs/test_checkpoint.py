import errno
import random

import numpy as np
import pytest
import torch

from tests.builders import digest
from training.runs import checkpoint
from training.runs.checkpoint import CheckpointError

STATE = {"step": 3, "weights": torch.arange(100.0), "nested": {"list": [1, 2.5, "x", None]}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.pt"


def write_half_and_fail(error):
    """What `torch.save` does on a disk that fills up meanwhile."""

    def save(state, file):
        file.write(b"half a checkpoint")
        raise error

    return save


def test_what_is_saved_is_loaded_bit_by_bit(path):
    checkpoint.save(path, STATE)
    assert digest(checkpoint.load(path)) == digest(STATE)


def test_a_second_checkpoint_replaces_the_first_and_leaves_nothing_else(path):
    checkpoint.save(path, STATE)
    checkpoint.save(path, STATE | {"step": 4})
    assert checkpoint.load(path)["step"] == 4
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("PytorchStreamWriter failed writing file")],
    ids=["OSError", "RuntimeError"],
)
def test_a_full_disk_leaves_the_checkpoint_before_whole(path, monkeypatch, error):
    checkpoint.save(path, STATE)
    monkeypatch.setattr(torch, "save", write_half_and_fail(error))
    with pytest.raises(CheckpointError, match=r"was not written .*; the checkpoint before it is whole"):
        checkpoint.save(path, STATE | {"step": 4})
    assert digest(checkpoint.load(path)) == digest(STATE)
    assert list(path.parent.iterdir()) == [path]


def test_a_kill_between_writing_and_moving_leaves_the_checkpoint_before_whole(path, monkeypatch):
    checkpoint.save(path, STATE)
    monkeypatch.setattr(torch, "save", write_half_and_fail(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save(path, STATE | {"step": 4})
    assert digest(checkpoint.load(path)) == digest(STATE)


def test_a_folder_that_is_gone_is_one_clear_error(path):
    with pytest.raises(CheckpointError, match="was not written"):
        checkpoint.save(path.parent / "gone" / path.name, STATE)


def test_a_missing_checkpoint_is_named(path):
    with pytest.raises(CheckpointError, match=f"there is no checkpoint at {path}"):
        checkpoint.load(path)


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"x" * 500])
def test_a_damaged_checkpoint_is_named(path, damage):
    checkpoint.save(path, STATE)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=f"{path} is damaged"):
        checkpoint.load(path)


def test_a_file_of_torchs_that_holds_no_dictionary_is_no_checkpoint(path):
    torch.save(torch.zeros(3), path)
    with pytest.raises(CheckpointError, match="is no checkpoint"):
        checkpoint.load(path)


class Harmful:
    """Pickled, it would make a file when it is read."""

    def __reduce__(self):
        return (open, ("harm-was-done", "w"))


def test_reading_a_checkpoint_runs_no_code_of_its_author(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    torch.save({"step": Harmful()}, path)
    with pytest.raises(CheckpointError):
        checkpoint.load(path)
    assert list(path.parent.iterdir()) == [path]


def test_every_generator_of_random_numbers_goes_on_where_it_stood(path):
    def draw():
        return [random.random(), random.gauss(), np.random.normal(size=3).tolist(), torch.randn(3).tolist()]  # noqa: NPY002  # the generator that a checkpoint keeps

    draw()
    checkpoint.save(path, checkpoint.rng_state())
    first = draw()
    assert draw() != first
    checkpoint.set_rng_state(checkpoint.load(path))
    assert draw() == first
