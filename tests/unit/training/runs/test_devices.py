from dataclasses import replace

import pytest
import torch
from lightning_fabric import Fabric

from tests.unit.training.conftest import spawn
from tests.unit.training.tiny import TINY
from training.config import Adam
from training.runs import checkpoint, devices

# Dropout draws its masks from a batch's shape, which is another one when the batch is shared.
ALIKE = (
    *("--total-nimg", "1280", "--batch-size", "32", "--precision", "32-true", "--ema-decay", "0.9"),
    *("--validation-share", "0", "--generator.z-dim", "8", "--generator.hidden", "16", "16"),
    *("--discriminator.hidden", "16", "16", "--discriminator.pieces", "2"),
    *("--discriminator.dropout-input", "0", "--discriminator.dropout-hidden", "0"),
)


@pytest.fixture(scope="module")
def alone(tmp_path_factory, digits_folder):
    """The checkpoint of a run by one process."""
    folder = tmp_path_factory.mktemp("alone") / "run"
    process = spawn("train", "gan-mnist", "--data", digits_folder, "--out", folder, *ALIKE)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return checkpoint.load(folder / "checkpoint.pt")


# BatchNorm in the generator alone, and in both networks.
NORMED = {
    "gan-mnist-small": ("--generator.hidden", "16", "16", "16", "--discriminator.hidden", "16", "16"),
    "dcgan-mnist": (
        *("--generator.dense", "12", "--generator.widths", "8", "4"),
        *("--discriminator.dense", "12", "--discriminator.widths", "4", "8"),
    ),
}


# A bias before BatchNorm changes nothing, so that its gradient is rounding error, of which Adam makes a whole step.
CANCELLED = {
    "gan-mnist-small": ("layers.2.bias", "layers.3.running_mean", "layers.5.bias", "layers.6.running_mean"),
    "dcgan-mnist": (),
}


@pytest.mark.parametrize("recipe", NORMED)
def test_batch_norm_has_the_statistics_of_the_whole_batch(tmp_path, digits_folder, command, recipe):
    words = (
        *("--data", digits_folder, "--accelerator", "cpu", "--precision", "32-true", "--ema-decay", "0.5"),
        *("--total-nimg", "192", "--batch-size", "32", "--generator.z-dim", "8", *NORMED[recipe]),
    )
    processes = under_torchrun(2, "train", recipe, "--out", tmp_path / "two", *words)
    assert command("train", recipe, "--out", tmp_path / "one", *words).code == 0
    said = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    states = [checkpoint.load(tmp_path / name / "checkpoint.pt") for name in ("one", "two")]
    assert states[0]["step"] == states[1]["step"] == 6
    assert "running_var" in " ".join(states[0]["objective"]["networks"]["generator"])
    assert largest_difference(*states, CANCELLED[recipe]) < 1e-4


def largest_difference(state, other, cancelled=()):
    """Between the weights of two checkpoints, averages and running statistics included."""
    parts = [
        (tensor, other["objective"][part][name][key])
        for part in ("networks", "averages")
        for name, tensors in state["objective"][part].items()
        for key, tensor in tensors.items()
        if not key.removeprefix("module.").startswith(cancelled)
    ]
    assert parts
    return max(float((a - b).abs().max()) for a, b in parts)


def test_two_processes_train_the_same_as_one(tmp_path, digits_folder, alone):
    folder = tmp_path / "run"
    process = spawn(
        "train", "gan-mnist", "--data", digits_folder, "--out", folder, "--accelerator", "cpu", "--devices", 2, *ALIKE
    )
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert "2 x CPU" in said
    state = checkpoint.load(folder / "checkpoint.pt")
    assert state["step"] == alone["step"] == 40
    assert largest_difference(state, alone) < 1e-5


def test_under_torchrun_its_processes_share_one_run(tmp_path, digits_folder, alone):
    folder = tmp_path / "run"
    processes = under_torchrun(
        2, "train", "gan-mnist", "--data", digits_folder, "--out", folder, "--accelerator", "cpu", *ALIKE
    )
    said = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert largest_difference(checkpoint.load(folder / "checkpoint.pt"), alone) < 1e-5


def under_torchrun(count, *words):
    """Processes in the environment that torchrun gives them."""
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "TORCHELASTIC_RUN_ID": "test"}
    size = {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "GROUP_RANK": "0"}
    return [spawn(*words, **place, **size, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in range(count)]


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(("has_bf16", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_auto_precision_is_bf16_where_the_hardware_has_it(monkeypatch, has_bf16, precision):
    monkeypatch.setattr(devices, "computes_bf16", lambda on_gpu: has_bf16)
    fabric = devices.open_fabric(replace(TINY, precision="auto"), "cpu", 1)
    assert fabric._precision.precision == precision


def test_a_chosen_precision_is_kept():
    assert devices.open_fabric(TINY, "cpu", 1)._precision.precision == "32-true"


@pytest.mark.parametrize("config", [TINY, replace(TINY, optimizer=Adam())])
def test_bf16_trains_float32_weights(start, config, monkeypatch, train_set):
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    trainer = start(config)
    objective = trainer.objective
    objective.fabric = fabric
    losses = objective.step(train_set.batch(torch.arange(32)))
    assert all(loss.dtype == torch.float32 and torch.isfinite(loss) for loss in losses.values())
    assert {p.dtype for network in objective.networks.values() for p in network.parameters()} == {torch.float32}


def test_a_device_is_described_in_words(fabric):
    assert devices.describe(fabric) == "CPU, 1 threads"
