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
from training import classifiers, data
from training.__main__ import main
from training.classifiers import Classifier
from training.config import (
    Adam,
    ConvDiscriminator,
    ConvGenerator,
    CycleganConfig,
    DcganConfig,
    GanConfig,
    ImageInput,
    MlpDiscriminator,
    MlpGenerator,
    PatchDiscriminator,
    Pix2pixConfig,
    ResnetGenerator,
    TrainingConfig,
    UnetGenerator,
    WganConfig,
    WganGpConfig,
)
from training.data import ImageSet, PairSet
from training.evaluate import critic_estimate
from training.loop.trainer import Trainer
from training.packaging.onnx import export
from training.runs import checkpoint
from training.runs.folder import Run

GENERATOR = MlpGenerator(z_dim=8, hidden=(16, 16))
DISCRIMINATOR = MlpDiscriminator(hidden=(16, 16), pieces=2)
TINY = GanConfig(
    dataset="mnist",
    total_nimg=640,
    batch_size=32,
    precision="32-true",
    ema_decay=0.9,
    log_every_steps=1,
    sample_every_nimg=320,
    checkpoint_every_nimg=320,
    generator=GENERATOR,
    discriminator=DISCRIMINATOR,
)
BATCH_NORM = replace(TINY, generator=replace(GENERATOR, batch_norm=True), optimizer=Adam(constant_share=0.5))

_SHARED = {
    name: getattr(TINY, name)
    for name in (
        *("dataset", "total_nimg", "batch_size", "precision", "ema_decay"),
        *("log_every_steps", "sample_every_nimg", "checkpoint_every_nimg"),
    )
}
_CONV = ConvGenerator(z_dim=8, widths=(8, 4))
DCGAN = DcganConfig(
    **_SHARED,
    conditional=True,
    generator=replace(_CONV, dense=(12,), kernel=5, norm_affine=False, bias=True, output="sigmoid"),
    discriminator=ConvDiscriminator(widths=(4, 8), dense=(12,), kernel=5, norm_affine=False, bias=True),
)
WGAN = WganConfig(
    **_SHARED,
    snapshots=3,
    generator=_CONV,
    critic=ConvDiscriminator(widths=(4, 8)),
    n_critic=3,
    n_critic_warm=4,
    warm_steps=1,
)
WGAN_GP = WganGpConfig(
    **_SHARED,
    snapshots=3,
    generator=replace(_CONV, widths=(8, 8, 4), kernel=5, batch_norm=False, bias=True),
    critic=ConvDiscriminator(widths=(4, 8, 8), kernel=5, batch_norm=False, bias=True),
    n_critic=2,
)
# Faces with every option for small data, and the penalty often enough for a short run.
FACES = DcganConfig(
    **_SHARED | {"dataset": "celeba"},
    images=ImageInput(load_px=18, crop_px=16),
    diffaugment=("color", "translation", "cutout"),
    generator=_CONV,
    discriminator=ConvDiscriminator(widths=(4, 8), batch_norm=False, bias=True, spectral_norm=True),
    r1_gamma=1.0,
    r1_every_steps=4,
)
_SHORT = _SHARED | {"total_nimg": 40, "batch_size": 2, "sample_every_nimg": 20, "checkpoint_every_nimg": 20}
PIX2PIX = Pix2pixConfig(
    **_SHORT | {"dataset": "facades"},
    direction="BtoA",
    images=ImageInput(load_px=18, crop_px=16),
    generator=UnetGenerator(ngf=4, depth=4),
    discriminator=PatchDiscriminator(ndf=4, layers=2),
)
# A pool that is soon full, so that a run of 20 steps exchanges many images.
CYCLEGAN = CycleganConfig(
    **_SHORT | {"dataset": "monet2photo"},
    images=ImageInput(load_px=18, crop_px=16),
    generator=ResnetGenerator(ngf=4, blocks=1),
    discriminator=PatchDiscriminator(ndf=4, layers=1, norm_affine=False),
    diffaugment=("color", "translation", "cutout"),
    late_share=0.5,
    late_lambda_cycle=5.0,
    late_lambda_identity=0.0,
    pool_size=5,
)

# What `train gan-mnist` needs to be `TINY`, but for its own additions.
TINY_WORDS = (
    *("--total-nimg", "640", "--batch-size", "32", "--precision", "32-true", "--ema-decay", "0.9"),
    *("--log-every-steps", "1", "--sample-every-nimg", "320", "--checkpoint-every-nimg", "320"),
    *("--validation-share", "0", "--generator.z-dim", "8", "--generator.hidden", "16", "16"),
    *("--discriminator.hidden", "16", "16", "--discriminator.pieces", "2"),
)


# What a translator's recipe needs to be tiny.
TRANSLATOR_WORDS = (
    *("--accelerator", "cpu", "--precision", "32-true", "--total-nimg", "40", "--batch-size", "2"),
    *("--log-every-steps", "1", "--sample-every-nimg", "20", "--checkpoint-every-nimg", "20"),
    *("--images.load-px", "18", "--images.crop-px", "16", "--generator.ngf", "4", "--discriminator.ndf", "4"),
    *("--discriminator.layers", "1", "--validation-share", "0"),
)
PIX2PIX_WORDS = (*TRANSLATOR_WORDS, "--generator.depth", "4")
CYCLEGAN_WORDS = (*TRANSLATOR_WORDS, "--generator.blocks", "1", "--pool-size", "5", "--early-crop-px", "8")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Sums in one order, and no threads that wait for each other on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def snapshots_of_short_runs() -> Iterator[None]:
    """Runs of a few steps take snapshots here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(critic_estimate, "LEAST_STEPS", 1)
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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers.classes, "_MAX_SHIFT_PX", 0)  # the place of a bar is its class
        network, accuracy = classifiers.classes.train(*sets, epochs=4)
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
