"""Packages of translators: any size, both ways, and as the service proves them."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn

from service.imaging.pixels import to_uint8
from service.inference.session import Session
from service.repository.manifest import Manifest
from tests.unit.training.packaging.test_write import open_as_served
from tests.unit.training.tiny import CYCLEGAN, PIX2PIX
from training.loop.trainer import Trainer
from training.packaging import read, translation
from training.packaging import write as export
from training.packaging.onnx import export as graphs
from training.packaging.onnx.export import decibels
from training.packaging.write import ExportError, Label
from training.runs.folder import Run

MULTIPLES = {"labels-photo": 16, "monet-photo": 4, "photo-monet": 4}
DIRECTIONS = {"labels-photo": "B2A", "monet-photo": "A2B", "photo-monet": "B2A"}
every_package = pytest.mark.parametrize("name", MULTIPLES)


@pytest.fixture(scope="module")
def trainer(tmp_path_factory, folders, loaded):
    """A trainer of a configuration that has made a few steps."""

    def made(config):
        run = Run(
            tmp_path_factory.mktemp("run") / "run", "a recipe", replace(config, total_nimg=6), folders[config.dataset]
        )
        trained = Trainer(run, loaded(config), Fabric(accelerator="cpu", devices=1, precision="32-true"))
        run.create("a test")
        trained.train()
        return run, trained

    return made


@pytest.fixture(scope="module")
def pix2pix(trainer):
    return trainer(PIX2PIX)


@pytest.fixture(scope="module")
def cyclegan(trainer):
    return trainer(CYCLEGAN)


@pytest.fixture(scope="module")
def write(loaded, graphs_once):
    """Exports a run into a folder of packages; its graphs are made once."""

    def into(models, trained, label, weights="auto"):
        run, trainer = trained
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(graphs, "build", graphs_once)
            return export.export(
                run, trainer.objective, loaded(run.config), trainer.images_seen, models, label, weights
            )

    return into


@pytest.fixture(scope="module")
def packages(tmp_path_factory, pix2pix, cyclegan, write):
    """The folders of the exported packages, by name."""
    models = tmp_path_factory.mktemp("models")
    made = write(models, pix2pix, Label("labels-photo"))
    made += write(models, cyclegan, Label("monet-photo", inverse="photo-monet"))
    return {folder.parent.name: folder for folder in made}


@pytest.fixture
def finished(pix2pix, cyclegan):
    """The trained translator of a package."""

    def of(name):
        _, trainer = pix2pix if name == "labels-photo" else cyclegan
        return trainer.objective.finished(DIRECTIONS[name])

    return of


def described(folder):
    return Manifest.model_validate_json((folder / "manifest.json").read_bytes())


def session(folder):
    return Session((folder / "generator.onnx").read_bytes(), threads=1)


@every_package
@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("sides", [(1, 1), (2, 3), (5, 2)])
def test_images_of_any_size_are_translated_as_by_the_network(packages, finished, name, rows, sides):
    height, width = (max(8, MULTIPLES[name]) * side for side in sides)
    given = torch.rand(rows, 3, height, width, generator=torch.Generator().manual_seed(rows)) * 2 - 1
    made = session(packages[name]).run({"images": given.numpy()})
    expected = finished(name)(given).numpy()
    assert made.shape == given.shape
    assert decibels(expected, made, peak=2.0) > 50.0
    assert np.abs(made - expected).max() < 0.02  # the weights are stored as float16


@every_package
def test_batch_height_and_width_are_dynamic(packages, name):
    opened = session(packages[name])
    for shape in (opened.inputs["images"], opened.outputs["translated"]):
        assert shape[1] == 3
        assert all(isinstance(shape[axis], str) for axis in (0, 2, 3))


@every_package
def test_the_service_proves_and_opens_it(packages, name):
    loaded = open_as_served(packages[name])
    assert loaded.name == f"{name}@1"
    assert loaded.manifest.task == "translate"


@every_package
def test_the_manifest_says_between_what_it_translates_and_at_which_sizes(packages, name):
    about = described(packages[name])
    between = about.translation
    assert (between.multiple, about.image.height, about.image.width) == (MULTIPLES[name], 16, 16)
    assert set(about.networks) == {"generator"}
    assert about.latent is None
    expected = {
        "labels-photo": ("labels", "photo", None),
        "monet-photo": ("painting by Monet", "photo", "photo-monet"),
        "photo-monet": ("photo", "painting by Monet", "monet-photo"),
    }
    assert (between.source, between.target, between.inverse) == expected[name]
    assert about.data.images == (8 if name == "labels-photo" else 6 + 8)
    assert f"From {between.source} to {between.target}." in about.description


@every_package
def test_the_golden_is_an_image_of_the_source_and_its_translation(packages, name):
    (golden,) = described(packages[name]).goldens
    shape = golden.inputs["images"].shape
    assert shape == (1, 3, 64, 64)
    given = np.frombuffer(golden.inputs["images"].unpack(), "<f4").reshape(shape)
    assert given.std() > 0.1
    assert to_uint8(session(packages[name]).run({"images": given})).tobytes() == golden.images.unpack()


@every_package
def test_the_graph_holds_neither_dropout_nor_batch_norm(packages, name):
    model = onnx.load_from_string((packages[name] / "generator.onnx").read_bytes())
    kinds = {node.op_type for node in model.graph.node}
    assert not kinds & {"Dropout", "BatchNormalization", "RandomUniform", "RandomUniformLike", "Bernoulli"}


@every_package
def test_the_same_image_gives_the_same_translation_again(packages, name):
    given = {"images": np.random.default_rng(0).uniform(-1, 1, (2, 3, 32, 32)).astype(np.float32)}
    opened = session(packages[name])
    assert opened.run(given).tobytes() == opened.run(given).tobytes()


def test_a_translator_has_no_layers_to_make_thinner(pix2pix, loaded, tmp_path):
    run, trainer = pix2pix
    with pytest.raises(ExportError, match="no dense layers to replace by low-rank ones: leave --low-rank-db out"):
        export.export(
            run, trainer.objective, loaded(run.config), 0, tmp_path, Label("facades"), "auto", low_rank_db=40.0
        )


def test_weights_are_stored_as_float16_where_images_stay_above_50_db(packages, exact):
    small, large = (described(folder).networks["generator"].weights for folder in (packages["labels-photo"], exact))
    assert (small, large) == ("float16", "float32")
    sizes = [(folder / "generator.onnx").stat().st_size for folder in (packages["labels-photo"], exact)]
    assert sizes[0] < 0.7 * sizes[1]


@pytest.fixture
def exact(pix2pix, write, tmp_path, monkeypatch):
    """The same translator stored as float32, where goldens may have 8 px."""
    monkeypatch.setattr(translation, "_MAX_GOLDEN_PX", 8)
    (folder,) = write(tmp_path, pix2pix, Label("labels-photo"), "float32")
    return folder


def test_a_golden_is_as_large_as_the_multiple_where_that_is_larger(exact):
    (golden,) = described(exact).goldens
    assert golden.inputs["images"].shape == (1, 3, 16, 16)


@pytest.mark.parametrize(
    ("kind", "label", "reason"),
    [
        ("cyclegan", Label("there"), "both directions become packages: give --inverse"),
        ("cyclegan", Label("there", inverse="there"), "--name and --inverse are both there, but are two packages"),
        ("cyclegan", Label("there", inverse="Back"), "'Back' is not"),
        ("pix2pix", Label("there", inverse="back"), "this method learns one direction only: leave it out"),
    ],
    ids=["missing", "equal", "not allowed", "superfluous"],
)
def test_names_that_do_not_fit_the_directions_are_refused(request, write, tmp_path, kind, label, reason):
    with pytest.raises(ExportError, match=reason):
        write(tmp_path, request.getfixturevalue(kind), label)
    assert list(tmp_path.iterdir()) == []


def test_both_ways_have_the_same_version_and_a_version_never_changes(cyclegan, write, tmp_path):
    (tmp_path / "photo-monet" / "3").mkdir(parents=True)
    (tmp_path / "photo-monet" / "3" / "manifest.json").write_text("{}")
    label = Label("monet-photo", inverse="photo-monet")
    folders = write(tmp_path, cyclegan, label)
    assert [folder.relative_to(tmp_path).as_posix() for folder in folders] == ["monet-photo/4", "photo-monet/4"]
    with pytest.raises(ExportError, match=r"photo-monet/3 exists; a version never changes"):
        write(tmp_path, cyclegan, replace(label, version=3))
    assert not (tmp_path / "monet-photo" / "3").exists()


def test_a_package_is_read_back_with_the_way_back_beside_it(packages, finished):
    given = np.random.default_rng(0).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)
    for name, other in (("monet-photo", "photo-monet"), ("photo-monet", "monet-photo")):
        found = read.samplers(read.open_package(packages[name]))
        assert set(found) == {"A2B", "B2A"}
        for package in (name, other):
            expected = finished(package)(torch.from_numpy(given)).numpy()
            assert decibels(expected, found[DIRECTIONS[package]]({"images": given}), peak=2.0) > 50.0
    assert set(read.samplers(read.open_package(packages["labels-photo"]))) == {"B2A"}


class MinusNeighbours(nn.Module):
    def forward(self, x):
        return x - 0.1 * x.mean(dim=0)


class HiddenBatchNorm(nn.Module):
    """BatchNorm as Pix2pix was published: of the batch itself, in evaluation too."""

    def forward(self, x):
        return torch.tanh(F.batch_norm(x, None, None, training=True))


class LastingDropout(nn.Module):
    """Noise as Pix2pix was published: at test time too."""

    def forward(self, x):
        return F.dropout(x, 0.5, training=True)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (MinusNeighbours().eval(), "a row's result depends on its neighbours"),
        (HiddenBatchNorm().eval(), "depends on its neighbours|training-mode BatchNormalization"),
        (LastingDropout().eval(), "training-mode Dropout|differs from the network"),
        (nn.BatchNorm2d(3).train(), "in training mode"),
        (nn.Dropout().train(), "in training mode"),
    ],
    ids=["neighbours", "hidden batch norm", "hidden dropout", "batch norm", "dropout"],
)
def test_a_translator_that_cannot_be_served_is_refused(cyclegan, write, tmp_path, monkeypatch, broken, reason):
    whole = nn.Sequential(nn.Conv2d(3, 3, 1), broken).requires_grad_(False)
    whole.training = whole[0].training = False  # the one that is broken keeps its mode
    monkeypatch.setattr(cyclegan[1].objective, "finished", lambda direction: whole)
    with pytest.raises(ExportError, match=reason):
        write(tmp_path, cyclegan, Label("there", inverse="back"))
    assert list(tmp_path.iterdir()) == []


def test_where_the_way_back_is_refused_neither_is_written(cyclegan, write, tmp_path, monkeypatch):
    sound = nn.Conv2d(3, 3, 1).eval().requires_grad_(False)
    spoilt = {"A2B": sound, "B2A": nn.Sequential(sound, MinusNeighbours()).eval()}
    monkeypatch.setattr(cyclegan[1].objective, "finished", spoilt.get)
    with pytest.raises(ExportError, match="depends on its neighbours"):
        write(tmp_path, cyclegan, Label("there", inverse="back"))
    assert list(tmp_path.iterdir()) == []
