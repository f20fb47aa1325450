import errno
import json
from dataclasses import replace

import pytest
import torch

from service.imaging import codecs
from tests.unit.training.tiny import CYCLEGAN, DISCRIMINATOR, FACES, GENERATOR, PIX2PIX, TINY
from training.runs import checkpoint
from training.runs.checkpoint import CheckpointError


def spoil(trainer, step, break_it):
    """Lets something break after a step."""
    original = trainer.objective.step

    def stepping(batch):
        losses = original(batch)
        return break_it(losses) if trainer.step + 1 == step else losses

    trainer.objective.step = stepping


def test_a_run_leaves_a_checkpoint_losses_grids_and_a_tensorboard_log(start, tmp_path):
    trainer = start(replace(TINY, log_every_steps=5))
    trainer.train()
    folder = tmp_path / "run"
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 5, 10, 15, 20]
    assert [line["nimg"] for line in lines] == [32, 160, 320, 480, 640]
    assert {"d_loss", "g_loss", "d_real", "d_fake", "seconds"} < set(lines[0])
    assert [path.name for path in sorted((folder / "samples").iterdir())] == [
        "000000000.png",
        "000000320.png",
        "000000640.png",
    ]
    assert checkpoint.load(folder / "checkpoint.pt")["step"] == trainer.step == 20
    (events,) = (folder / "tensorboard").iterdir()
    assert events.stat().st_size > 1_000


def test_a_grid_shows_64_samples_of_latents_that_stay_the_same(start, tmp_path):
    trainer = start()
    trainer.train()
    start(name="again").train()
    paths = sorted((tmp_path / "run" / "samples").iterdir())
    for path in paths:
        assert codecs.decode(path.read_bytes(), max_pixels=100_000).shape[:2] == (8 * 28, 8 * 28)
        assert path.read_bytes() == (tmp_path / "again" / "samples" / path.name).read_bytes()


def test_the_first_checkpoint_is_there_before_the_first_step(start, tmp_path):
    trainer = start()

    def fail(losses):
        raise MemoryError

    spoil(trainer, 1, fail)
    with pytest.raises(MemoryError):
        trainer.train()
    assert checkpoint.load(tmp_path / "run" / "checkpoint.pt")["step"] == 0


def test_a_loss_that_is_not_finite_stops_the_run_with_advice_and_keeps_the_checkpoint(start, tmp_path):
    trainer = start()
    spoil(trainer, 13, lambda losses: losses | {"g_loss": torch.tensor(float("nan"))})
    with pytest.raises(FloatingPointError, match=r"g_loss is not finite at step 13.*smaller learning rate"):
        trainer.train()
    assert checkpoint.load(tmp_path / "run" / "checkpoint.pt")["step"] == 10


def test_broken_weights_never_replace_a_whole_checkpoint(start, tmp_path):
    """Losses are looked at every so many steps only: a checkpoint may fall due in between."""
    trainer = start(replace(TINY, log_every_steps=1_000))

    def break_weights(losses):
        with torch.no_grad():
            next(trainer.objective.networks["generator"].parameters()).fill_(float("nan"))
        return losses

    spoil(trainer, 13, break_weights)
    with pytest.raises(FloatingPointError, match=r"generator.* is not finite at step 20"):
        trainer.train()
    assert checkpoint.load(tmp_path / "run" / "checkpoint.pt")["step"] == 10


@pytest.mark.parametrize(
    "config",
    [TINY, FACES, PIX2PIX, CYCLEGAN],
    ids=["gan", "dcgan", "pix2pix", "cyclegan"],
)
def test_a_full_disk_stops_the_run_and_keeps_the_checkpoint(start, tmp_path, monkeypatch, config):
    trainer = start(config)
    real = torch.save

    def save(state, file):
        if state["step"] < 20:
            return real(state, file)
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", save)
    with pytest.raises(CheckpointError, match="No space left on device"):
        trainer.train()
    assert checkpoint.load(tmp_path / "run" / "checkpoint.pt")["step"] == 10


@pytest.mark.parametrize(
    "other",
    [
        replace(TINY, generator=replace(GENERATOR, hidden=(17, 16))),
        replace(TINY, discriminator=replace(DISCRIMINATOR, hidden=(16,))),
        replace(TINY, ema_decay=0.0),
    ],
    ids=["generator", "discriminator", "average"],
)
def test_a_checkpoint_of_other_networks_is_refused(start, other):
    state = start(TINY).state_dict()
    with pytest.raises(CheckpointError, match="does not fit the run's networks"):
        start(other, "other").load_state_dict(state)


def test_a_checkpoint_of_another_method_is_refused(start):
    trainer = start()
    with pytest.raises(CheckpointError, match="of method wgan, but the run is of method gan"):
        trainer.load_state_dict(trainer.state_dict() | {"method": "wgan"})
    with pytest.raises(CheckpointError, match="of method pix2pix, but the run is of method cyclegan"):
        start(CYCLEGAN, "cyclegan").load_state_dict(start(PIX2PIX, "pix2pix").state_dict())


@pytest.mark.parametrize(
    ("config", "changes"),
    [
        (PIX2PIX, {"direction": "AtoB"}),
        (PIX2PIX, {"generator": replace(PIX2PIX.generator, ngf=3)}),
        (PIX2PIX, {"generator": CYCLEGAN.generator}),
        (CYCLEGAN, {"generator": replace(CYCLEGAN.generator, blocks=2)}),
        (CYCLEGAN, {"discriminator": PIX2PIX.discriminator}),
        (FACES, {"discriminator": replace(FACES.discriminator, spectral_norm=False)}),
    ],
    ids=["direction", "width", "kind", "blocks", "discriminator", "spectral norm"],
)
def test_a_checkpoint_of_another_recipe_of_the_method_is_refused_in_one_sentence(start, config, changes):
    state = start(config).state_dict()
    with pytest.raises(CheckpointError, match="does not fit the run's networks") as caught:
        start(replace(config, **changes), "other").load_state_dict(state)
    assert "\n" not in str(caught.value)


def test_a_log_whose_last_line_was_cut_off_is_gone_on_with(start, tmp_path):
    start().train()
    log = tmp_path / "run" / "metrics.jsonl"
    log.write_text(log.read_text() + '{"step": 21, "nimg"')
    start(again=True).train()
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == list(range(1, 21))
