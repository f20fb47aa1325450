"""State dicts are read without running anything; what is no state dict is refused in one sentence."""

import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from training.packaging.foreign import checkpoint
from training.packaging.foreign.checkpoint import CheckpointFileError, read

STATE = {"model.1.weight": torch.arange(6.0).reshape(2, 3), "model.1.bias": torch.ones(2)}


def _same(found, state=STATE):
    assert list(found) == list(state)
    assert all(torch.equal(found[key], state[key]) for key in state)


def _saved(tmp_path, document, name="net.pth", **options):
    torch.save(document, tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize(
    "document",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3},
        {"netG": STATE, "netD": {"w": torch.zeros(1)}},
        {"model": {"state_dict": STATE}},
        {f"module.{key}": value for key, value in STATE.items()},
        {f"_orig_mod.module.{key}": value for key, value in STATE.items()},
        {"g_ema": STATE, "g": {key: value + 1 for key, value in STATE.items()}},
        {"params": {key: value + 1 for key, value in STATE.items()}, "params_ema": STATE},
    ],
)
def test_a_state_dict_is_found_and_averaged_weights_are_preferred(tmp_path, document):
    _same(read(_saved(tmp_path, document)))


def test_old_files_and_safetensors_are_read(tmp_path):
    _same(read(_saved(tmp_path, STATE, "old.pt", _use_new_zipfile_serialization=False)))
    save_file(STATE, tmp_path / "net.safetensors")
    found = read(tmp_path / "net.safetensors")
    _same({key: found[key] for key in STATE})


class Trap:
    """Would write a file if it were unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def _hostile(tmp_path, kind):
    file = tmp_path / "net.pth"
    if kind == "a whole module":
        torch.save(nn.Linear(2, 2), file)
    elif kind == "a pickle with code":
        file.write_bytes(pickle.dumps({"w": Trap(tmp_path / "sprung")}))
    elif kind == "code in an archive":
        torch.save({"w": Trap(tmp_path / "sprung")}, file)
    elif kind == "torchscript":
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2), check_trace=False), file)
    elif kind == "truncated":
        raw = _saved(tmp_path, STATE).read_bytes()
        file.write_bytes(raw[: len(raw) // 2])
    elif kind == "empty":
        file.write_bytes(b"")
    elif kind == "text":
        file.write_text("not a checkpoint")
    elif kind == "a list":
        torch.save([1, 2], file)
    elif kind == "an optimiser":
        torch.save({"optimizer": {"lr": 0.1}, "epoch": 2}, file)
    elif kind == "not finite":
        torch.save(STATE | {"x": torch.tensor([float("nan")])}, file)
    elif kind == "a zip bomb":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("archive/data/0", bytes(3_000_000))
    elif kind == "huge":
        file.write_bytes(bytes(2_000_000))
    elif kind == "missing":
        return tmp_path / "nothing.pth"
    return file


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("a whole module", "not only tensors, and is not run"),
        ("a pickle with code", "not only tensors, and is not run"),
        ("code in an archive", "not only tensors, and is not run"),
        ("torchscript", "TorchScript"),
        ("truncated", "no whole checkpoint"),
        ("empty", "no whole checkpoint"),
        ("text", "not only tensors|no whole checkpoint"),
        ("a list", "a list, not a state dict"),
        ("an optimiser", "no state dict, but: optimizer, epoch"),
        ("not finite", "not finite"),
        ("a zip bomb", "unpacks to more than"),
        ("huge", "at most 1,000,000 are read"),
        ("missing", "cannot be read"),
    ],
)
def test_a_hostile_or_wrong_file_is_refused_in_one_sentence_and_not_run(tmp_path, kind, words):
    with pytest.raises(CheckpointFileError, match=words) as raised:
        read(_hostile(tmp_path, kind), max_bytes=1_000_000)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "sprung").exists()


def test_damaged_safetensors_are_refused(tmp_path):
    (tmp_path / "net.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(CheckpointFileError, match="no whole safetensors file"):
        read(tmp_path / "net.safetensors")


def test_the_default_limit_is_two_gibibytes():
    assert checkpoint.MAX_BYTES == 2**31
