import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from service.inference.session import Session
from service.repository.manifest import Manifest
from tests.unit.training import portraits
from tests.unit.training.tiny import TINY
from training import commands
from training.config import ConvGenerator, DcganConfig, ImageInput
from training.data import ImageSet, Sets
from training.networks.encoder import Encoder
from training.posttrain import directions, encoder
from training.runs import checkpoint
from training.runs.folder import open_run

Z_DIM = 4
CONFIG = DcganConfig(
    dataset="celeba", images=ImageInput(load_px=16, crop_px=16), total_nimg=1, generator=ConvGenerator(z_dim=Z_DIM)
)


class Zero(nn.Module):
    """An encoder that has learned nothing."""

    def forward(self, images):
        return torch.zeros(len(images), Z_DIM)


ZERO = Zero()


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 28, 28), (3, 16, 16), (3, 40, 40)])
def test_any_image_of_a_generator_becomes_a_latent(shape):
    network = Encoder(shape, 7, width=2).eval()
    assert network(torch.zeros(3, *shape)).shape == (3, 7)


def test_the_encoder_of_faces_is_small_enough_to_ship():
    assert sum(p.numel() for p in Encoder((3, 64, 64), 100).parameters()) < 0.7e6


def test_latents_of_a_uniform_distribution_stay_in_its_range():
    network = Encoder((1, 16, 16), 5, width=2, is_uniform=True).eval()
    torch.nn.init.constant_(network.body.head.bias, 3.0)
    assert network(torch.zeros(2, 1, 16, 16)).abs().max() <= 1.0


class Painter(nn.Module):
    """A generator whose images are sums of patterns, one for each number of the latent; a class makes it darker."""

    def __init__(self, z_dim):
        super().__init__()
        self.patterns = torch.randn(z_dim, 1, 16, 16, generator=torch.Generator().manual_seed(0)) / 2

    def forward(self, latents, classes=None):
        dark = 0.0 if classes is None else 0.2 * classes[:, 1, None, None, None]
        return torch.tanh(torch.tensordot(latents, self.patterns, dims=1)) - dark


PAINTER = Painter(Z_DIM)


class Drawn:
    """What an encoder needs of an objective."""

    image_shape = (1, 16, 16)

    def __init__(self, fabric, n_classes):
        self.fabric, self.n_classes = fabric, n_classes

    def latents(self, count, generator=None):
        return torch.randn(count, Z_DIM, generator=generator)

    def rows(self, labels):
        return (torch.nn.functional.one_hot(labels, self.n_classes).float(),) if self.n_classes else ()


def values(measured):
    return {item.name: item.value for item in measured}


@pytest.mark.parametrize("n_classes", [0, 2])
def test_an_encoder_finds_the_latent_of_a_sample(fabric, n_classes):
    objective = Drawn(fabric, n_classes)
    real = replace(portraits.image_set(80, side=20)[0], images=portraits.image_set(80, side=20)[0].images[:, :1])
    network = encoder.train(PAINTER, objective, CONFIG, real, nimg=64 * 150, pixel_weight=0.1 * n_classes)
    assert not network.training
    found = values(encoder.measure(network, PAINTER, objective, real))
    assert found["encoder_latent_error"] < 0.15
    assert values(encoder.measure(ZERO, PAINTER, objective, real))["encoder_latent_error"] == pytest.approx(
        1.0, abs=0.02
    )
    assert (
        found["encoder_error_samples"]
        < values(encoder.measure(ZERO, PAINTER, objective, real))["encoder_error_samples"] / 2
    )


def test_real_images_take_part_by_their_pixels(fabric):
    objective = Drawn(fabric, 0)
    latents = torch.randn(200, Z_DIM, generator=torch.Generator().manual_seed(5)) * 2.5  # no sample is so far out
    pixels = (PAINTER(latents) * 127.5 + 127.5).round().to(torch.uint8)
    real = ImageSet(pixels, torch.zeros(200, dtype=torch.int64))
    trained = (
        encoder.train(PAINTER, objective, CONFIG, real, nimg=64 * 60, pixel_weight=weight) for weight in (0.0, 5.0)
    )
    without, with_real = (values(encoder.measure(network, PAINTER, objective, real)) for network in trained)
    assert with_real["encoder_error_real"] < without["encoder_error_real"]


def test_an_encoder_is_kept_for_the_networks_that_it_was_trained_for(tmp_path):
    network = encoder.build(TINY, (1, 28, 28)).eval()
    encoder.save(tmp_path, 5, network, [])
    kept, measured = encoder.load(tmp_path, 5, TINY, (1, 28, 28))
    assert measured == []
    assert not kept.training
    assert all(torch.equal(a, b) for a, b in zip(kept.parameters(), network.parameters(), strict=True))
    assert encoder.load(tmp_path, 6, TINY, (1, 28, 28)) is None
    other = replace(TINY, generator=replace(TINY.generator, z_dim=9))
    with pytest.raises(checkpoint.CheckpointError, match="does not fit the run"):
        encoder.load(tmp_path, 5, other, (1, 28, 28))


def test_a_package_holds_the_run_s_encoder_and_directions(command, finished_run, tmp_path, digits_folder):
    said = command("encoder", finished_run.folder, "--nimg", 256)
    assert said.code == 0, said.error
    assert "encoder_error_real" in said.out
    assert (finished_run.folder / "samples" / "encoder.png").exists()
    said = command("directions", finished_run.folder, "--left", "1,2", "--right", "3")
    assert said.code == 0, said.error
    assert (finished_run.folder / "samples" / "directions.png").exists()
    try:
        assert command("export", finished_run.folder, "--models", tmp_path, "--name", "digits").code == 0
        trainer = commands.open_trained(finished_run)
        network, _ = encoder.load(finished_run.folder, trainer.step, finished_run.config, (1, 28, 28))
    finally:
        for name in (encoder.FILE_NAME, directions.FILE_NAME):
            (finished_run.folder / name).unlink()
    package = tmp_path / "digits" / "1"
    described = Manifest.model_validate_json((package / "manifest.json").read_bytes())
    assert [direction.name for direction in described.directions] == ["turn"]
    assert described.networks["encoder"].outputs[0].shape == ("N", 8)
    assert {"encoder_latent_error", "encoder_error_real"} <= {metric.name for metric in described.metrics}
    shown = np.random.default_rng(0).uniform(-1, 1, (3, 1, 28, 28)).astype(np.float32)
    given = Session((package / "encoder.onnx").read_bytes(), 1).run({"images": shown})
    assert np.allclose(given, network(torch.from_numpy(shown)).detach().numpy(), atol=0.02)


@pytest.mark.parametrize(("share", "of"), [(0.25, "64 real held-out"), (0.0, "256 real training")])
def test_without_test_images_an_encoder_is_measured_on_others_and_says_so(
    start, tmp_path, digits_folder, capsys, share, of
):
    trainer = start(replace(TINY, validation_share=share))
    folder = shutil.copytree(digits_folder, tmp_path / "data", ignore=shutil.ignore_patterns("t10k-images*"))
    run = replace(trainer._run, data=folder)
    measured = encoder.make(run, trainer.objective, 0, 64, 0.0, Sets(run.config, folder))
    assert of in measured[-1].protocol
    assert f"measured on {of.split()[-1]} images, since there are no test images" in capsys.readouterr().out


def test_an_encoder_that_cannot_be_measured_is_kept_all_the_same(start, monkeypatch):
    trainer = start(TINY)
    monkeypatch.setattr(encoder, "measure", lambda *words: (_ for _ in ()).throw(RuntimeError("no memory is left")))
    with pytest.raises(RuntimeError, match="no memory is left"):
        encoder.make(trainer._run, trainer.objective, 0, 64, 0.0, Sets(TINY, trainer._run.data))
    assert encoder.load(trainer._run.folder, 0, TINY, (1, 28, 28)) is not None


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("encoder", "--nimg", "0"), "--nimg is 0"),
        (("directions", "--left", "1,x", "--right", "2"), "'x' is not one"),
        (("directions", "--left", "1"), "give --left and --right"),
        (("directions",), "mnist has no attributes of its own"),
    ],
)
def test_words_out_of_their_range_are_one_sentence(command, finished_run, words, named):
    said = command(words[0], finished_run.folder, *words[1:])
    assert said.code == 1
    assert named in said.error
    assert open_run(finished_run.folder)
