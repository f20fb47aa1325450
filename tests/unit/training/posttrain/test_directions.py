import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from service.pipelines import latents
from tests import builders
from tests.unit.training import portraits
from tests.unit.training.tiny import FACES
from training import classifiers
from training.config import ConvDiscriminator, ConvGenerator, DcganConfig, ImageInput
from training.data import Sets
from training.posttrain import directions
from training.posttrain.directions import NoDirectionError, attribute_readout, boundary, create, from_classifier, refine
from training.runs.folder import Run

CONFIG = DcganConfig(
    dataset="celeba",
    images=ImageInput(load_px=64, crop_px=64),
    total_nimg=1,
    generator=ConvGenerator(z_dim=6, widths=(4, 4)),
    discriminator=ConvDiscriminator(widths=(4, 4)),
)


def gaussian(count, dim, seed=0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def test_the_normal_of_a_boundary_is_found():
    points = gaussian(4_000, 6)
    truth = torch.nn.functional.normalize(torch.tensor([[3.0, -1.0, 0, 0, 2.0, 0], [0, 1.0, 1.0, 0, 0, 0]]), dim=1)
    # One attribute is rare, and a tenth of the labels is wrong.
    labels = points @ truth.T > torch.tensor([0.0, 1.7])
    labels ^= torch.rand(labels.shape, generator=torch.Generator().manual_seed(1)) < torch.tensor([0.1, 0.0])
    found = boundary.normals(points, labels)
    assert torch.allclose(found.norm(dim=1), torch.ones(2))
    assert ((found * truth).sum(1) > 0.99).all()


def test_a_direction_is_apart_from_all_others():
    tangled = torch.nn.functional.normalize(gaussian(3, 5), dim=1)
    found = boundary.apart(tangled)
    products = found @ tangled.T
    assert torch.allclose(products - torch.diag(products.diag()), torch.zeros(3, 3), atol=1e-6)
    assert (products.diag() > 0).all()
    assert torch.equal(boundary.apart(tangled[:1]), tangled[:1])
    with pytest.raises(NoDirectionError, match="cannot be told from the others"):
        boundary.apart(torch.stack((tangled[0], tangled[0])))


def test_the_step_is_the_smallest_that_flips_half():
    distances = np.linspace(0, 2, 1_001)  # of samples to the boundary: half are nearer than 1
    step = boundary.smallest_step(lambda length: float((distances <= length).mean()), 20.0)
    assert step == pytest.approx(1.0, rel=0.05)
    assert (distances <= step).mean() >= 0.5
    with pytest.raises(NoDirectionError, match="even 20 along it, fewer than 50% of the samples flip"):
        boundary.smallest_step(lambda length: 0.4, 20.0)


def test_a_step_is_fitted_so_that_the_other_readings_stay():
    # The second reading follows the first latent too; a step along that one alone changes both.
    classifier = nn.Linear(3, 2, bias=False)
    with torch.no_grad():
        classifier.weight.copy_(torch.tensor([[4.0, 0.0, 0.0], [2.0, 4.0, 0.0]]))
    lacking = gaussian(400, 3)
    lacking = lacking[lacking[:, 0] < 0.0]
    start = torch.tensor([1.0, 0.0, 0.0])
    found = refine.refine(nn.Identity(), classifier, lacking, start, column=0, named=(0, 1))
    assert found[0] > 0.5
    assert float(found[1] / found[0]) == pytest.approx(-0.5, abs=0.1)
    assert torch.equal(start, torch.tensor([1.0, 0.0, 0.0]))


class Painter(nn.Module):
    """A generator whose first latent makes the upper half bright, and whose second the spot red."""

    def forward(self, z):
        images = torch.full((len(z), 3, 64, 64), 90.0)
        images[:, :, :32] += 100 * torch.sigmoid(4 * z[:, 0, None, None, None])
        red = torch.sigmoid(4 * z[:, 1, None, None, None])
        spot = torch.tensor([35.0, -50.0, -50.0])[:, None, None]
        images[:, :, 16:48, 16:48] += spot * red
        return images / 127.5 - 1


def draw(rows):
    """What `Painter` makes of latents."""
    return Painter()(torch.from_numpy(rows["latents"])).numpy()


class Drawn:
    """What `directions` needs of an objective."""

    n_classes = 0

    def latents(self, count, generator):
        return torch.randn(count, 6, generator=generator)

    def finished_generator(self):
        return Painter()


@pytest.fixture
def both_classifiers(monkeypatch, face_classifier):
    """The tests' own classifier in both roles, and few samples to read."""
    monkeypatch.setattr(from_classifier, "_SCALED_NIMG", 100)
    monkeypatch.setattr(from_classifier, "_REPORTED_NIMG", 100)
    monkeypatch.setattr(refine, "STEPS", 20)
    monkeypatch.setattr(classifiers, "load", lambda dataset, role="reporting": face_classifier)


@pytest.fixture(scope="module")
def faces():
    """Real ones, and what they show."""
    return portraits.image_set(80, seed=3)


def test_an_attribute_is_read_as_often_as_real_faces_have_it(face_classifier):
    shown, table = portraits.image_set(60, seed=4, side=70, rare=0.1)
    read = face_classifier.probabilities(shown.batch(torch.arange(60)).images[:, :, 3:67, 3:67].numpy())
    # The classifier is sure of the spot; of a table that says otherwise, the same number is read.
    for have in (table.values.sum(0), torch.tensor([0, 60]), torch.tensor([60, 0]), torch.tensor([7, 31])):
        values = (torch.arange(60)[:, None] < have).to(torch.int8)
        thresholds = attribute_readout.as_often(face_classifier, shown, replace(table, values=values), 64)
        assert (read > thresholds).sum(axis=0).tolist() == have.tolist()
        reader = attribute_readout.Reader(draw, face_classifier, thresholds)
        margins = reader.margins(shown.batch(torch.arange(60)).images[:, :, 3:67, 3:67])
        inside = (have > 0) & (have < 60)
        assert (margins > 0).sum(0)[inside].tolist() == have[inside].tolist()
        assert margins.requires_grad


@pytest.mark.usefixtures("both_classifiers")
def test_directions_bring_what_they_are_named_after_and_leave_the_rest(face_classifier, faces):
    found = directions.attributes(Drawn(), CONFIG, draw, ("Bright", "Red"), 400, faces)
    assert [item.name for item in found] == ["bright", "red"]
    for index, item in enumerate(found):
        vector = np.array(item.vector)
        assert vector[index] > 0.9 * np.linalg.norm(vector)
        assert item.figures["flipped_1"] == pytest.approx(0.5, abs=0.15)
        assert item.figures["flipped_3"] > 0.8
        assert item.figures["named_1"] < 0.1
        assert face_classifier.digest[:12] in item.description


@pytest.mark.usefixtures("both_classifiers")
def test_an_attribute_that_no_sample_has_is_left_out_and_said(faces, capsys):
    def bright(rows):
        return draw({"latents": rows["latents"] * np.array([1, 0, 0, 0, 0, 0], np.float32) - [0, 9, 0, 0, 0, 0]})

    found = directions.attributes(Drawn(), CONFIG, bright, ("Bright", "Red"), 300, faces)
    assert [item.name for item in found] == ["bright"]
    assert "red: no direction, since 0 of 300 samples have Red" in capsys.readouterr().out


@pytest.mark.usefixtures("both_classifiers")
def test_an_attribute_that_nearly_every_sample_has_is_left_out_and_said(faces, monkeypatch, capsys):
    monkeypatch.setattr(from_classifier, "_MIN_SAMPLES", 1)

    def bright(rows):
        return draw({"latents": rows["latents"] + 3.0 * (np.arange(6) == 0).astype(np.float32)})

    monkeypatch.setattr(from_classifier, "_SCALED_NIMG", 2)
    assert directions.attributes(Drawn(), CONFIG, bright, ("Bright",), 5_000, faces) == []
    assert "bright: no direction, since each of 2 samples has it already" in capsys.readouterr().out


@pytest.mark.usefixtures("both_classifiers")
def test_what_cannot_be_is_one_sentence(faces):
    with pytest.raises(ValueError, match="does not read Smile; it reads Bright, Red"):
        directions.attributes(Drawn(), CONFIG, draw, ("Smile",), 100, faces)
    with pytest.raises(ValueError, match="so that real faces and their table are needed"):
        directions.attributes(Drawn(), CONFIG, draw, ("Bright",), 100)
    told = Drawn()
    told.n_classes = 3
    with pytest.raises(ValueError, match="the class is an input of this model"):
        directions.attributes(told, CONFIG, draw, ("Bright",), 100)


def test_classes_have_directions_by_their_names(monkeypatch, classifier):
    monkeypatch.setattr(from_classifier, "_SCALED_NIMG", 100)
    monkeypatch.setattr(from_classifier, "_REPORTED_NIMG", 100)
    monkeypatch.setattr(classifiers, "load", lambda dataset, role="reporting": classifier)
    pixels, labels = builders.digits(200, seed=5)
    kinds = np.stack([pixels[labels == label][0] for label in (3, 7, 1, 2)])[:, None] / np.float32(127.5) - 1

    def drawn(rows):
        return kinds[rows["latents"][:, :4].argmax(axis=1)].astype(np.float32)

    config = replace(CONFIG, dataset="mnist", images=None)
    found = directions.attributes(Drawn(), config, drawn, ("3", "7"), 400)
    assert [item.name for item in found] == ["3", "7"]
    for index, item in enumerate(found):
        assert np.argmax(item.vector) == index
        assert item.figures["flipped_3"] > 0.8


def test_nothing_found_is_one_sentence_and_keeps_no_file(start, monkeypatch):
    trainer = start(FACES)
    monkeypatch.setattr(create, "attributes", lambda *words: [])
    monkeypatch.setattr(create, "_faces", lambda run, sets: None)
    sets = Sets(FACES, trainer._run.data)
    with pytest.raises(ValueError, match="no direction was found from 30 samples: name other --attributes"):
        directions.make(trainer._run, trainer.objective, 5, sets, ("Bright",), nimg=30)
    assert not (trainer._run.folder / directions.FILE_NAME).exists()
    with pytest.raises(ValueError, match="--nimg is 0, but must be at least 1"):
        directions.make(trainer._run, trainer.objective, 5, sets, ("Bright",), nimg=0)


@pytest.mark.usefixtures("both_classifiers")
def test_an_effect_counts_only_samples_that_lack_the_attribute(face_classifier):
    reader = attribute_readout.Reader(draw, face_classifier)
    points = np.zeros((4, 6), np.float32)
    points[:, 0], points[:, 1] = (-3, -3, 3, 3), (-3, 3, -3, 3)
    move = np.zeros(6, np.float32)
    move[0], move[1] = 9, 9
    found = attribute_readout.effect(reader, points, move, "Bright", ("Bright", "Red"))
    assert (found.flipped, found.named, found.others) == (1.0, 0.5, 0.5)
    assert attribute_readout.effect(reader, points, move, "Bright", ("Bright",)).named == 0.0


@pytest.mark.usefixtures("both_classifiers")
def test_an_effect_on_samples_that_all_have_the_attribute_is_none(face_classifier):
    points = np.full((4, 6), 3, np.float32)
    with pytest.raises(NoDirectionError, match="each of 4 samples has it already"):
        attribute_readout.effect(
            attribute_readout.Reader(draw, face_classifier), points, points[0], "Bright", ("Bright", "Red")
        )


def test_faces_that_were_held_back_are_taken_where_there_are_any(tmp_path, capsys):
    names = ("Bright", "Red")
    folder = builders.write_faces(tmp_path, 40, attributes=names)
    for share, count in ((0.25, 10), (0.0, 40)):
        config = replace(FACES, validation_share=share)
        shown, table = create._faces(Run(tmp_path, "faces", config, folder), Sets(config, folder))
        assert len(shown) == len(table.values) == count
        assert table.names == names
        assert ("since none are held out" in capsys.readouterr().out) == (share == 0.0)
    digits = replace(CONFIG, dataset="mnist", images=None)
    assert create._faces(Run(tmp_path, "digits", digits, folder), Sets(digits, folder)) is None


def test_the_turn_leads_from_the_left_to_the_right():
    found = directions.turn(CONFIG, (1, 2), (3,))
    left = np.mean([latents.draw(seed, 6, "normal") for seed in (1, 2)], axis=0)
    middle = (left + latents.draw(3, 6, "normal")) / 2
    assert np.allclose(middle + np.array(found.vector), latents.draw(3, 6, "normal"), atol=1e-6)
    assert np.allclose(middle - np.array(found.vector), left, atol=1e-6)
    assert found.seeds == {"left": (1, 2), "right": (3,)}


def test_directions_are_kept_for_the_networks_that_they_were_made_for(tmp_path):
    turn = directions.turn(CONFIG, (1,), (2,))
    other = replace(turn, name="smile", figures={"flipped_1": 0.5}, seeds={})
    assert directions.load(tmp_path, 5) == []
    directions.keep(tmp_path, 5, [turn])
    again = replace(other, vector=tuple(2 * number for number in other.vector))
    directions.keep(tmp_path, 5, [other])
    assert directions.keep(tmp_path, 5, [again]) == [turn, again]
    assert directions.load(tmp_path, 5) == [turn, again]
    assert directions.load(tmp_path, 6) == []
    described = directions.load(tmp_path, 5)[0].described()
    assert np.allclose(np.frombuffer(described.vector.unpack(), "<f4"), turn.vector)
    (tmp_path / directions.FILE_NAME).write_text(json.dumps({"step": 5, "directions": [{}]}))
    with pytest.raises(ValueError, match="is damaged"):
        directions.load(tmp_path, 5)
