import hashlib

import numpy as np
import pytest

from tests import builders
from training import classifiers
from training.classifiers import ClassifierError


def examples(count, seed):
    pixels, labels = builders.digits(count, seed)
    return (pixels[:, None] / np.float32(127.5) - 1).astype(np.float32), labels


def test_a_classifier_learns_to_read_in_a_few_steps(classifier):
    assert classifier.accuracy > 0.95
    images, labels = examples(200, seed=9)
    probabilities = classifier.probabilities(images)
    assert probabilities.shape == (200, 10)
    assert np.allclose(probabilities.sum(1), 1.0, atol=1e-5)
    assert (probabilities.argmax(1) == labels).mean() > 0.95
    assert classifier.features(images).shape == (200, 84)


def test_a_classifier_is_stored_with_its_accuracy_and_named_by_its_digest(classifier, tmp_path):
    classifiers.store(tmp_path / "new" / "mnist.safetensors", classifier.network, 0.875)
    loaded = classifiers.load("mnist", tmp_path / "new")
    assert loaded.accuracy == 0.875
    raw = (tmp_path / "new" / "mnist.safetensors").read_bytes()
    assert loaded.digest == hashlib.sha256(raw).hexdigest()
    assert not loaded.network.training
    images, _ = examples(20, seed=3)
    assert np.allclose(loaded.probabilities(images), classifier.probabilities(images), atol=1e-3)


def test_a_missing_classifier_says_how_to_train_one(tmp_path):
    with pytest.raises(ClassifierError, match="python -m training train-classifier mnist --data PATH"):
        classifiers.load("mnist", tmp_path)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-100], lambda raw: b"", lambda raw: b"\xff" * 300])
def test_a_damaged_classifier_is_refused(classifier, tmp_path, damage):
    path = tmp_path / "mnist.safetensors"
    classifiers.store(path, classifier.network, 0.9)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ClassifierError, match=f"{path} is damaged"):
        classifiers.load("mnist", tmp_path)


@pytest.mark.parametrize(("dataset", "least"), [("mnist", 0.985), ("fashion-mnist", 0.88), ("celeba", 0.78)])
def test_two_classifiers_of_each_data_set_come_with_the_package(dataset, least):
    reports, selects = classifiers.load(dataset), classifiers.load(dataset, role="selection")
    assert min(reports.accuracy, selects.accuracy) > least
    assert len(reports.network.body[0].weight) != len(selects.network.body[0].weight)


def test_the_classifiers_that_come_with_the_package_stay_small():
    sizes = {path.name.split(".")[0]: path.stat().st_size for path in classifiers.FOLDER.glob("*.safetensors")}
    of_generators = {name: size for name, size in sizes.items() if name.startswith(("mnist", "fashion", "celeba"))}
    assert sum(of_generators.values()) < 2 * 2**20
    assert sum(sizes.values()) < 4 * 2**20
