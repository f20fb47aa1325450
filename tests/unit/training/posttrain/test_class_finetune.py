"""Class fine-tuning of a generator."""

import shutil
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import nn

from service.repository.manifest import Manifest
from tests import builders
from tests.unit.training.tiny import CYCLEGAN, DCGAN, TINY
from training import classifiers, commands
from training.config.renamed import current_recipe
from training.data import Batch, ImageSet
from training.loop.trainer import Trainer
from training.metrics import nearest
from training.posttrain import class_finetune, encoder
from training.posttrain.class_finetune import FinetuneConfig
from training.runs import checkpoint
from training.runs.folder import Run, RunError

SHORT = FinetuneConfig(evaluation_samples=256, round_samples=512)
SHOWN_WRONG = 3


class Mixing(nn.Module):
    """Generates one image per class; that of `SHOWN_WRONG` is more of the next class than of its own."""

    def __init__(self):
        super().__init__()
        pixels, labels = builders.digits(200, seed=5)
        images = torch.tensor(np.stack([pixels[labels == label][0] for label in range(10)])) / 127.5 - 1.0
        images[SHOWN_WRONG] = 0.4 * images[SHOWN_WRONG] + 0.6 * images[SHOWN_WRONG + 1]
        self.images = nn.Parameter(images[:, None])

    def forward(self, latents, classes):
        return torch.einsum("nk,kchw->nchw", classes, self.images)


class Conditional:
    """The part of an objective that fine-tuning uses."""

    n_classes = 10

    def latents(self, count, drawn):
        return torch.randn(count, 4, generator=drawn)

    def rows(self, labels):
        return (F.one_hot(labels, 10).float(),)


def test_a_sample_between_two_classes_becomes_one_and_clear_ones_stay(classifier):
    config = FinetuneConfig(
        classifier_lr=0.01,
        batch_size=40,
        confidence=0.7,  # this classifier is never sure
        max_shift_px=0,  # the place of a bar is its class
    )
    teacher = Mixing()
    before = teacher.images.detach().clone()
    assert classifier.network(before)[SHOWN_WRONG].argmax() == SHOWN_WRONG + 1
    fixed = deepcopy(classifier.network).requires_grad_(False)
    learner = class_finetune.train_on_classifier(Conditional(), teacher, fixed, 100 * 40, config)
    read = classifier.network(learner.images).softmax(1).diagonal()
    assert torch.equal(teacher.images, before)
    assert read[SHOWN_WRONG] > 0.5
    moved = (learner.images - before).square().flatten(1).sum(1)
    clear = classifier.network(before).softmax(1).diagonal() > 0.8
    assert clear.sum() > 5
    assert moved[clear].max() < 0.1 * moved[SHOWN_WRONG]


class Dots(nn.Module):
    """Generates a dot on a line for each of two classes; the first one's spread is the latent's."""

    def __init__(self):
        super().__init__()
        self.places = nn.Parameter(torch.tensor([0.0, 4.0]))
        self.spread = nn.Parameter(torch.tensor(1.0))

    def forward(self, latents, classes):
        where = classes @ self.places + self.spread * latents[:, 0] * classes[:, 0]
        return where[:, None, None, None]


class TwoClasses(Conditional):
    n_classes = 2

    def rows(self, labels):
        return (F.one_hot(labels, 2).float(),)


def test_a_class_moves_to_where_its_real_images_find_it(monkeypatch):
    # Real images of the second class lie at 2, where samples of the first are nearer.
    monkeypatch.setattr(ImageSet, "batch", lambda self, chosen: Batch(self.images[chosen], self.labels[chosen]))
    config = FinetuneConfig(neighbour_lr=0.05, temperature=0.5, round_samples=200, round_images=50, round_moved=100)
    labels = torch.arange(60) % 2
    shown = ImageSet((2.0 * labels).float()[:, None, None, None], labels)
    classifier = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    with torch.no_grad():
        classifier[1].weight.copy_(torch.tensor([[0.0], [10.0]]))
        classifier[1].bias.copy_(torch.tensor([10.0, 0.0]))
    teacher = Dots()

    def error(generator):
        latents, classes = class_finetune.train.sample(TwoClasses(), 400, torch.Generator().manual_seed(0))
        drawn = generator(latents, *TwoClasses().rows(classes)).detach().flatten(1)
        return nearest.error([(drawn, classes)], shown.images.flatten(1), shown.labels).value

    learner = class_finetune.train_on_neighbours(TwoClasses(), teacher, classifier, shown, 60, config)
    assert error(teacher) > 0.4
    assert error(learner) == 0.0
    assert teacher.places.tolist() == [0.0, 4.0]
    config = replace(config, neighbour_distance_weight=1e3)
    unchanged = class_finetune.train_on_neighbours(TwoClasses(), teacher, classifier, shown, 60, config)
    assert abs(unchanged.places[1] - 4.0) < 0.1


@pytest.fixture(scope="module")
def trained(tmp_path_factory, folders, loaded):
    """The folder of a short run of a generator that is told classes."""
    run = Run(tmp_path_factory.mktemp("conditional") / "run", "gan-mnist", DCGAN, folders["mnist"])
    run.create("a test")
    Trainer(run, loaded(DCGAN), Fabric(accelerator="cpu", devices=1, precision="32-true")).train()
    return run.folder


@pytest.fixture
def conditional(trained, start, tmp_path, monkeypatch, classifier):
    """A copy of it as a trainer, with a classifier in both roles."""
    monkeypatch.setattr(classifiers, "load", lambda dataset, role="reporting": classifier)
    shutil.copytree(trained, tmp_path / "run")
    return start(DCGAN, again=True)


def test_what_was_learned_is_drawn_by_all_that_comes_after(conditional, classifier, tmp_path):
    run = conditional._run
    was = conditional.objective.finished_generator().state_dict()
    commands.finetune_classes(run, 2 * 128, False, "cpu", SHORT)
    trained = commands.open_trained(run)
    now = trained.objective.finished_generator()
    assert (
        trained.objective.finished_description
        == f"classes fine-tuned (256 samples, classifier {classifier.digest[:12]})"
    )
    assert any(not torch.equal(now.state_dict()[name], weight) for name, weight in was.items())
    (folder,) = commands.exporting.export(
        run, trained.objective, trained.sets.load("train"), trained.images_seen, tmp_path, commands.Label("digits")
    )
    described = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    assert (
        described.training.recipe == f"gan-mnist, classes fine-tuned (256 samples, classifier {classifier.digest[:12]})"
    )
    # A second time it begins with what was trained, not with what was learned before.
    first = checkpoint.load(run.folder / class_finetune.FILE_NAME)["generator"]
    commands.finetune_classes(run, 2 * 128, False, "cpu", SHORT)
    again = checkpoint.load(run.folder / class_finetune.FILE_NAME)["generator"]
    assert all(torch.equal(first[name], weight) for name, weight in again.items())


def test_numbers_of_the_images_before_are_not_those_of_the_images_now(conditional):
    run, step = conditional._run, conditional.step
    number = {"name": "coverage", "value": 0.5}
    run.save_metrics(step, [number])
    commands.finetune_classes(run, 128, False, "cpu", SHORT)
    said = commands.open_trained(run).objective.finished_description
    assert run.metrics(step, said) == []
    assert run.metrics(step) == [number]
    run.save_metrics(step, [number], said)
    assert run.metrics(step, said) == [number]
    assert run.metrics(step) == []


def test_a_generator_of_another_step_is_left_alone_and_said(conditional, capsys):
    run = conditional._run
    checkpoint.save(run.folder / class_finetune.FILE_NAME, {"step": conditional.step + 1})
    trained = commands.open_trained(run)
    assert trained.objective.finished_description is None
    assert f"belongs to another step than {conditional.step}: ignored" in capsys.readouterr().out


def test_what_cannot_be_is_one_sentence(conditional, start, classifier):
    run, objective, step = conditional._run, conditional.objective, conditional.step
    shown = ImageSet(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.zeros(1, dtype=torch.int64))
    for config in (TINY, CYCLEGAN):
        other = start(config, f"other-{config.method}")._run
        with pytest.raises(RunError, match="only a class-conditional model can be fine-tuned"):
            commands.finetune_classes(other, 128, False, "cpu", SHORT)
    with pytest.raises(RunError, match="--nimg is 5, but must be at least 128, a batch"):
        class_finetune.finetune(run, objective, step, classifier, shown, 5, SHORT)
    encoder.save(run.folder, step + 1, encoder.build(run.config, (1, 28, 28)), [])
    class_finetune.finetune(
        run, objective, step, classifier, sample(shown), 128, SHORT
    )  # an encoder of another step is none
    encoder.save(run.folder, step, encoder.build(run.config, (1, 28, 28)), [])
    with pytest.raises(RunError, match=r"encoder.pt fits the present images: delete it, run `finetune-classes`, then"):
        class_finetune.finetune(run, objective, step, classifier, shown, config=SHORT)
    for state in ({"step": step, "nimg": 1, "classifier": "a", "generator": {}}, {"step": step, "generator": [1]}, {}):
        checkpoint.save(run.folder / class_finetune.FILE_NAME, state)
        with pytest.raises(checkpoint.CheckpointError, match="does not fit the run: delete it"):
            class_finetune.load(objective, run.folder, step)
    assert objective.finished_description is None


def sample(shown):
    """Images of each class in place of one."""
    return ImageSet(shown.images.expand(10, -1, -1, -1), torch.arange(10))


def test_a_file_of_an_older_version_is_loaded_and_replaced(conditional, classifier):
    run = conditional._run
    commands.finetune_classes(run, 128, False, "cpu", SHORT)
    path, former = run.folder / class_finetune.FILE_NAME, run.folder / "clarified.pt"
    state = checkpoint.load(path)
    checkpoint.save(former, {"judge": state.pop("classifier"), **state})
    path.unlink()
    objective = commands.open_trained(run).objective
    assert objective.finished_description == f"classes fine-tuned (128 samples, classifier {classifier.digest[:12]})"
    commands.finetune_classes(run, 128, False, "cpu", SHORT)
    assert path.exists()
    assert not former.exists()


def test_numbers_and_recipes_of_an_older_version_are_those_of_the_same_networks(conditional):
    run, step = conditional._run, conditional.step
    former, current = (
        "clarified (192,000 samples, judge c961ce42c0ee)",
        class_finetune.recipe_note(192_000, "c961ce42c0ee"),
    )
    run.save_metrics(step, [{"name": "coverage"}], former)
    assert run.metrics(step, current) == [{"name": "coverage"}]
    assert current_recipe(f"dcgan-mnist, {former}") == f"dcgan-mnist, {current}"
    assert current_recipe("dcgan-mnist") == "dcgan-mnist"
