import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from service.errors import PackageError
from service.imaging.pixels import to_uint8
from service.inference.batch_queue import Limits
from service.inference.engine import ExecutionConfig
from service.inference.session import Session
from service.pipelines import latents
from service.repository import manifest
from service.repository.loader import open_package as open_in_service
from service.repository.manifest import Manifest
from service.telemetry.metrics import Metrics
from tests.unit.training.tiny import BATCH_NORM, DCGAN, FACES, WGAN, WGAN_GP
from training import commands
from training.objectives import Generative
from training.packaging import card, read
from training.packaging import write as export
from training.packaging.onnx import export as graphs
from training.packaging.write import ExportError, Label
from training.runs.folder import open_run


@pytest.fixture(scope="module")
def trainer(finished_run):
    return commands.open_trained(finished_run)


@pytest.fixture(scope="module")
def write(finished_run, trainer, train_set, graphs_once):
    """Exports the finished run into a folder of packages; its graphs are made once."""

    def into(models, label=Label("digits"), weights="auto", **options):  # noqa: B008  # frozen
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(graphs, "build", graphs_once)
            (folder,) = export.export(
                finished_run, trainer.objective, train_set, trainer.images_seen, models, label, weights, **options
            )
        return folder

    return into


@pytest.fixture(scope="module")
def package(write, tmp_path_factory):
    return write(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def described(package):
    return Manifest.model_validate_json((package / "manifest.json").read_bytes())


def open_as_served(folder):
    return open_in_service(folder, ExecutionConfig(threads=1, instances=1, limits=Limits()), Metrics())


def test_a_package_holds_its_networks_card_preview_and_manifest(package):
    assert package.parts[-2:] == ("digits", "1")
    assert {path.name for path in package.iterdir()} == {
        "generator.onnx",
        "discriminator.onnx",
        "README.md",
        "preview.png",
        "manifest.json",
    }


def test_the_service_proves_and_opens_it(package):
    loaded = open_as_served(package)
    assert loaded.name == "digits@1"
    assert loaded.discriminator is not None


def test_the_service_refuses_it_once_a_weight_has_changed(write, tmp_path):
    folder = write(tmp_path)
    raw = bytearray((folder / "generator.onnx").read_bytes())
    raw[-40] ^= 1
    (folder / "generator.onnx").write_bytes(raw)
    with pytest.raises(PackageError, match=r"generator.onnx has digest"):
        open_as_served(folder)
    with pytest.raises(ExportError, match="is not the file that the manifest describes"):
        read.open_package(folder)


def test_the_goldens_are_the_images_of_the_first_seeds(package, described):
    (golden,) = described.goldens
    rows = np.frombuffer(golden.inputs["latents"].unpack(), "<f4").reshape(golden.inputs["latents"].shape)
    assert np.array_equal(rows, np.stack([latents.draw(seed, 8, "normal") for seed in range(len(rows))]))
    drawn = Session((package / "generator.onnx").read_bytes(), threads=1).run({"latents": rows})
    assert to_uint8(drawn).tobytes() == golden.images.unpack()


def test_the_exported_generator_is_the_finished_one(package, trainer):
    rows = np.stack([latents.draw(seed, 8, "normal") for seed in range(20)])
    served = Session((package / "generator.onnx").read_bytes(), threads=1).run({"latents": rows})
    expected = trainer.objective.finished_generator()(torch.from_numpy(rows)).numpy()
    assert np.abs(to_uint8(served).astype(int) - to_uint8(expected)).max() <= 1


def test_the_manifest_says_what_the_model_is_and_how_it_was_made(described, finished_run, train_set):
    assert (described.name, described.version, described.task, described.method) == ("digits", 1, "generate", "gan")
    assert (described.latent.dim, described.latent.distribution) == (8, "normal")
    assert (described.image.height, described.image.width, described.image.channels) == (28, 28, 1)
    assert described.data.name == "MNIST"
    assert described.data.images == len(train_set)
    assert described.training.images_seen == 640
    assert described.training.recipe == "gan-mnist-small"
    assert described.training.config == json.loads((finished_run.folder / "config.json").read_text())
    shapes = {name: (net.inputs[0].name, net.outputs[0].name) for name, net in described.networks.items()}
    assert shapes == {"generator": ("latents", "images"), "discriminator": ("images", "logits")}


def test_nothing_in_a_package_names_a_folder_of_this_machine(package, finished_run, digits_folder):
    for path in package.iterdir():
        raw = path.read_bytes()
        for place in (finished_run.folder, digits_folder, package.parent.parent):
            assert str(place).encode() not in raw, path.name


def test_the_preview_shows_64_images_and_the_card_names_the_model(package, described):
    with Image.open(package / "preview.png") as preview:
        assert preview.size == (8 * 28, 8 * 28)
    text = (package / "README.md").read_text()
    assert text == card.render(described)
    for words in ("# digits, version 1", "MNIST", "CC BY-SA 3.0", described.networks["generator"].sha256[:12]):
        assert words in text


def test_known_weaknesses_stand_on_the_card(described):
    assert "weaknesses" not in card.render(described)
    told = described.model_copy(update={"weaknesses": ("Fours look like nines.", "Few ones.")})
    assert "## Known weaknesses\n\n- Fours look like nines.\n- Few ones.\n" in card.render(told)


def test_a_package_without_its_discriminator_is_served(write, tmp_path):
    folder = write(tmp_path, with_discriminator=False)
    assert set(read.open_package(folder).described.networks) == {"generator"}
    assert not (folder / "discriminator.onnx").exists()
    assert open_as_served(folder).discriminator is None


def test_layers_of_both_networks_are_made_thinner_on_demand(finished_run, trainer, train_set, tmp_path, monkeypatch):
    monkeypatch.setattr(graphs.lowrank, "_MIN_VALUES", 200)
    monkeypatch.setattr(graphs.lowrank, "_STEP", 2)
    monkeypatch.setattr(export.generative, "_FITTED_ROWS", 200)
    (folder,) = export.export(
        finished_run, trainer.objective, train_set, trainer.images_seen, tmp_path, Label("digits"), low_rank_db=20.0
    )
    made = {name: onnx.load(folder / f"{name}.onnx") for name in ("generator", "discriminator")}
    assert all(any(graphs.lowrank.is_thin(node) for node in model.graph.node) for model in made.values())
    assert open_as_served(folder).discriminator is not None


def test_a_package_is_read_back_with_its_configuration(package):
    assert read.open_package(package).config == BATCH_NORM


def test_a_second_export_is_the_next_version_and_leaves_the_first_alone(write, tmp_path):
    first = write(tmp_path)
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    second = write(tmp_path)
    assert (first.name, second.name) == ("1", "2")
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    with pytest.raises(ExportError, match="a version never changes"):
        write(tmp_path, Label("digits", version=1))
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    assert open_as_served(second).name == "digits@2"


def test_a_chosen_version_and_description_are_kept(write, tmp_path):
    folder = write(tmp_path, Label("digits", version=7, description="Bars."), "float32")
    described = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    assert (folder.name, described.version, described.description) == ("7", 7, "Bars.")
    assert {network.weights for network in described.networks.values()} == {"float32"}


@pytest.mark.parametrize("name", ["", "Digits", "-digits", "../digits", "a" * 65, "di gits", "digits\n"])
def test_a_name_that_the_service_would_not_serve_is_refused(write, tmp_path, name):
    with pytest.raises(ExportError, match="a model's name is small letters"):
        write(tmp_path, Label(name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["folder.save_png", "write._describe", "folder.card.render"])
def test_an_export_that_fails_half_way_leaves_no_manifest(write, tmp_path, monkeypatch, step):
    def fail(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(f"training.packaging.{step}", fail)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path)
    assert not list(tmp_path.rglob(manifest.FILE_NAME))


@pytest.mark.parametrize("missing", ["manifest.json", "generator.onnx"])
def test_half_a_package_cannot_be_measured(write, tmp_path, missing):
    folder = write(tmp_path)
    (folder / missing).unlink()
    with pytest.raises(ExportError, match=r"holds no (whole )?package"):
        read.open_package(folder)


@pytest.mark.parametrize("config", [DCGAN, FACES, WGAN, WGAN_GP], ids=["dcgan", "faces", "wgan", "wgan-gp"])
def test_every_method_is_exported_to_a_package_that_the_service_proves(start, loaded, tmp_path, monkeypatch, config):
    monkeypatch.setattr(Generative, "batch_norm_latents", 1_000)
    trainer = start(replace(config, total_nimg=64), "run")
    trainer.train()
    run = open_run(tmp_path / "run")
    (folder,) = export.export(run, trainer.objective, loaded(config), 64, tmp_path / "models", Label("made"))
    about = open_as_served(folder).manifest
    assert about.method == config.method
    assert about.classes == (tuple("0123456789") if config.conditional else None)
    assert about.image.channels == (3 if config is FACES else 1)
    verdict = about.networks["discriminator"].outputs[0].name
    assert verdict == ("logits" if config.method == "dcgan" else "scores")


@pytest.mark.parametrize("version", [0, -1, 2**31])
def test_a_version_that_no_manifest_allows_is_refused_before_anything_is_written(write, tmp_path, version):
    with pytest.raises(ExportError, match=f"positive integer; {version} is not"):
        write(tmp_path, Label("digits", version=version))
    assert list(tmp_path.iterdir()) == []
