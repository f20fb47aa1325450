"""Fixtures of the training package's tests: small data, small configurations, runs, and the command line."""

import functools
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from tests import builders
from tests.unit.training import portraits
from tests.unit.training.tiny import BATCH_NORM, TINY
from training import classifiers, data
from training.__main__ import main
from training.classifiers import Classifier
from training.config import TrainingConfig
from training.data import ImageSet, PairSet
from training.evaluate import protocol
from training.loop.trainer import Trainer
from training.packaging.onnx import export
from training.runs import checkpoint
from training.runs.folder import Run


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Sums in one order, and no threads that wait for each other on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def snapshots_of_short_runs() -> Iterator[None]:
    """Runs of a few steps take snapshots here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "STANDARD", replace(protocol.STANDARD, min_snapshot_steps=1))
        yield


@pytest.fixture(autouse=True)
def same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning notes the seed in the environment: every test starts without it."""
    for name in ("PL_GLOBAL_SEED", "PL_SEED_WORKERS"):
        monkeypatch.setenv(name, "0")
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def digits_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four IDX files of 256 training and 64 test images."""
    return builders.write_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def train_set(digits_folder: Path) -> ImageSet:
    return data.load_idx(digits_folder, "train", "mnist")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory, digits_folder: Path) -> dict[str, Path]:
    """Where each data set of the configurations above lies."""
    folder = tmp_path_factory.mktemp("images")
    return {
        "mnist": digits_folder,
        "celeba": builders.write_faces(folder / "faces"),
        "facades": builders.write_pairs(folder / "pairs"),
        "monet2photo": builders.write_unpaired(folder / "unpaired"),
    }


@pytest.fixture(scope="session")
def loaded(folders: dict[str, Path]) -> Callable[[TrainingConfig], ImageSet | PairSet]:
    """The training images of a configuration."""
    return functools.cache(lambda config: data.load(config, folders[config.dataset], "train"))


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A classifier of `builders.digits`, trained here on 500 of them."""
    folder = builders.write_digits(tmp_path_factory.mktemp("classifier"), n_train=500, n_test=200)
    sets = (data.load_idx(folder, split, "mnist") for split in ("train", "test"))
    network, accuracy = classifiers.classes.train(*sets, epochs=4, max_shift_px=0)  # a bar's position is its class
    classifiers.store(folder / "mnist.safetensors", network, accuracy)
    return classifiers.load("mnist", folder)


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1, precision="32-true")


@pytest.fixture
def start(
    tmp_path: Path,
    folders: dict[str, Path],
    loaded: Callable[[TrainingConfig], ImageSet | PairSet],
    fabric: Fabric,
) -> Callable[..., Trainer]:
    """Makes a run in a new folder, and the trainer of its first step; or a second trainer of the same run."""

    def make(config: TrainingConfig = TINY, name: str = "run", again: bool = False) -> Trainer:
        run = Run(tmp_path / name, "gan-mnist", config, folders[config.dataset])
        trainer = Trainer(run, loaded(config), fabric)
        if again:
            trainer.load_state_dict(checkpoint.load(run.checkpoint))
        else:
            run.create("a test")
        return trainer

    return make


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, train_set: ImageSet, digits_folder: Path) -> Run:
    """A run of `BATCH_NORM` that was trained to its end."""
    run = Run(tmp_path_factory.mktemp("finished") / "run", "gan-mnist-small", BATCH_NORM, digits_folder)
    trainer = Trainer(run, train_set, Fabric(accelerator="cpu", devices=1, precision="32-true"))
    run.create("a test")
    trainer.train()
    return run


@pytest.fixture(scope="session")
def graphs_once() -> Callable[..., export.Graph]:
    """`graphs.build`, which exports the same weights once."""
    made: dict[Any, export.Graph] = {}
    build = export.build

    def once(
        module: nn.Module, examples: Any, file: str, inputs: Any, outputs: Any, weights: str = "auto", **more: Any
    ) -> export.Graph:
        key = (builders.digest(module.state_dict()), file, weights)
        if key not in made:
            made[key] = build(module, examples, file, inputs, outputs, weights, **more)
        return made[key]

    return once


class Said(NamedTuple):
    """What a command ended with and printed."""

    code: int
    out: str
    error: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs `python -m training ...` in this process."""

    def run(*words: Any) -> Said:
        monkeypatch.setattr(sys, "argv", ["training", *map(str, words)])
        try:
            code = main()
        except SystemExit as leaving:
            code = int(leaving.code or 0)
        return Said(code, *capsys.readouterr())

    return run


def spawn(*words: Any, **environment: str) -> "subprocess.Popen[str]":
    """Starts `python -m training ...` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "training", *map(str, words)],
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="session")
def face_classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A classifier of the two attributes of `portraits`, trained here on 256 of them."""
    (shown, table), (held, other) = portraits.image_set(256), portraits.image_set(100, seed=1)
    network, balanced = classifiers.attributes.train(shown, held, portraits.together(table, other), epochs=8, width=4)
    path = tmp_path_factory.mktemp("face-classifier") / "celeba.safetensors"
    classifiers.store(path, network, classifiers.attributes.mean(balanced), "attributes", balanced)
    return classifiers.load("celeba", path.parent)


def in_group(count: int) -> list[dict[str, str]]:
    """The environments that torchrun gives so many processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    size = {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "GROUP_RANK": "0", "OMP_NUM_THREADS": "1"}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test"}
    return [os.environ | size | place | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]
