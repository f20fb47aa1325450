"""Exact resume: a run that was stopped, or killed, ends as if it had never been."""

import json
import signal
import time
from dataclasses import replace

import pytest
import torch

from tests.builders import digest
from tests.unit.training.conftest import spawn
from tests.unit.training.tiny import (
    BATCH_NORM,
    CYCLEGAN,
    CYCLEGAN_WORDS,
    DCGAN,
    FACES,
    PIX2PIX,
    TINY,
    TINY_WORDS,
    WGAN,
    WGAN_GP,
)
from training.config import Adam, Sgd, UnetGenerator
from training.loop.trainer import Stopped
from training.objectives import Generative
from training.runs import checkpoint


def stop_after(trainer, step):
    """Sends this process a real SIGINT while the trainer is in a step."""
    original = trainer.objective.step

    def stepping(batch):
        if trainer.step + 1 == step:
            signal.raise_signal(signal.SIGINT)
        return original(batch)

    trainer.objective.step = stepping


def logged_steps(folder):
    return [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "config",
    [
        TINY,
        replace(TINY, optimizer=Sgd(lr=0.05, momentum_epochs=2), latent_distribution="uniform"),
        BATCH_NORM,
        replace(BATCH_NORM, ema_decay=0.0, loss="minimax", optimizer=Adam(constant_share=0.1)),
        DCGAN,
        WGAN,
        WGAN_GP,
        FACES,
        PIX2PIX,
        replace(PIX2PIX, lambda_gan=0.0, ema_decay=0.0),
        CYCLEGAN,
        replace(CYCLEGAN, pool_size=0, generator=UnetGenerator(ngf=4, depth=3), ema_decay=0.0),
    ],
    ids=[
        *("sgd, dropout", "momentum", "adam, batch norm", "no average", "dcgan", "wgan", "wgan-gp"),
        *("diffaugment, r1", "pix2pix", "l1 alone", "cyclegan", "cyclegan without a pool"),
    ],
)
@pytest.mark.parametrize("steps", [1, 9])
def test_stopping_and_going_on_equals_never_stopping(start, tmp_path, monkeypatch, config, steps):
    monkeypatch.setattr(Generative, "batch_norm_latents", 1_000)
    whole = start(config, "whole")
    whole.train()
    next_numbers = torch.randn(4)
    stopped = start(config, "stopped")
    stop_after(stopped, steps)
    with pytest.raises(Stopped):
        stopped.train()
    assert stopped.step == steps
    torch.manual_seed(99)
    resumed = start(config, "stopped", again=True)
    assert (resumed.step, resumed.images_seen) == (steps, steps * config.batch_size)
    resumed.train()
    assert resumed.step == 20
    for part, state in whole.objective.state_dict().items():
        assert digest(resumed.objective.state_dict()[part]) == digest(state), part
    assert torch.equal(torch.randn(4), next_numbers)
    files = [tmp_path / name / "checkpoint.pt" for name in ("whole", "stopped")]
    assert digest(checkpoint.load(files[0])) == digest(checkpoint.load(files[1]))
    assert logged_steps(tmp_path / "stopped") == list(range(1, 21))


def wait_for_steps(process, folder, count):
    """Until the process has logged so many steps."""
    log, started = folder / "metrics.jsonl", time.monotonic()
    while not log.exists() or log.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() - started < 200
        time.sleep(0.01)


LONG = ("--total-nimg", 9_600, "--checkpoint-every-nimg", 1_280, "--sample-every-nimg", 9_600)


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory, digits_folder):
    """A run of 300 steps that nothing stopped: its checkpoint."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    process = spawn("train", "gan-mnist", "--data", digits_folder, "--out", folder, *TINY_WORDS, *LONG)
    said, _ = process.communicate()
    assert process.returncode == 0, said
    assert logged_steps(folder) == list(range(1, 301))
    return folder / "checkpoint.pt"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_loses_nothing(tmp_path, digits_folder, uninterrupted, command, ending):
    folder = tmp_path / "run"
    process = spawn("train", "gan-mnist", "--data", digits_folder, "--out", folder, *TINY_WORDS, *LONG)
    wait_for_steps(process, folder, 50)
    process.send_signal(ending)
    said, _ = process.communicate()
    state = checkpoint.load(folder / "checkpoint.pt")
    if ending == signal.SIGKILL:
        assert state["step"] % 40 == 0
        assert logged_steps(folder)[-1] > state["step"]
    else:
        assert process.returncode == 130, said
        assert f"go on by `python -m training resume {folder}`" in said
        assert "Traceback" not in said
        assert 50 <= state["step"] < 300
    assert command("resume", folder).code == 0
    assert digest(checkpoint.load(folder / "checkpoint.pt")) == digest(checkpoint.load(uninterrupted))
    assert logged_steps(folder) == list(range(1, 301))


def test_a_killed_cyclegan_loses_nothing(tmp_path, folders, command):
    long = (*CYCLEGAN_WORDS, "--total-nimg", 160, "--checkpoint-every-nimg", 40, "--sample-every-nimg", 160)
    words = ("train", "cyclegan-monet-small", "--data", folders["monet2photo"], *long)
    process = spawn(*words, "--out", tmp_path / "killed")
    wait_for_steps(process, tmp_path / "killed", 25)
    process.kill()
    process.communicate()
    kept = checkpoint.load(tmp_path / "killed" / "checkpoint.pt")
    assert kept["step"] in (20, 40, 60)
    assert len(kept["objective"]["pools"]["A"]["images"]) == 5
    assert logged_steps(tmp_path / "killed")[-1] >= max(25, kept["step"])
    assert command("resume", tmp_path / "killed").code == 0
    assert command(*words, "--out", tmp_path / "whole").code == 0
    states = [checkpoint.load(tmp_path / name / "checkpoint.pt") for name in ("killed", "whole")]
    assert digest(states[0]) == digest(states[1])
    assert logged_steps(tmp_path / "killed") == list(range(1, 81))
