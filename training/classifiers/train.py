"""Trains the classifier of a data set and stores it in this package."""

from pathlib import Path

from training import data
from training.classifiers import attributes, classes, domains, labels
from training.classifiers.classifier import Classifier, Role, load, path_of, store
from training.data import PUBLISHED, Split
from training.networks.attributenet import SIDE_PX

_SEEDS: dict[Role, int] = {"reporting": 1_000, "selection": 2_000}
# Classifiers of different sizes have different blind spots.
_CLASS_WIDTHS: dict[Role, int] = {"reporting": 32, "selection": 12}
_ATTRIBUTE_WIDTHS: dict[Role, int] = {"reporting": 24, "selection": 16}
_TRANSLATION_WIDTHS: dict[Role, int] = {"reporting": 16, "selection": 12}
_SPLITS: tuple[Split, Split] = ("train", "test")


def train_classifier(dataset: str, folder: Path, role: Role = "reporting", epochs: int | None = None) -> Classifier:
    """Trains a classifier and stores it among those of this package.

    Args:
        dataset: a data set of classes (MNIST, Fashion-MNIST), attributes (CelebA), domains (monet2photo, horse2zebra)
            or labels (facades).
        folder: the data set's folder.
        role: the classifier's purpose; each role has its own classifier.
        epochs: number of epochs, for domains of the larger set; None for that of the classifiers in the package.

    Raises:
        DataError: the data cannot be read.
    """
    path = path_of(dataset, role)
    if PUBLISHED[dataset].classes:
        _train_classes(path, dataset, folder, role, epochs)
    elif PUBLISHED[dataset].kind == "images":
        _train_attributes(path, dataset, folder, role, epochs)
    elif PUBLISHED[dataset].kind == "unpaired":
        _train_domains(path, dataset, folder, role, epochs)
    else:
        _train_labels(path, dataset, folder, role, epochs)
    return load(dataset, role=role)


def _train_classes(path: Path, dataset: str, folder: Path, role: Role, epochs: int | None) -> None:
    shown, held = (data.load_idx(folder, split, dataset) for split in _SPLITS)
    reader, accuracy = classes.train(shown, held, epochs or classes.EPOCHS, _SEEDS[role], _CLASS_WIDTHS[role])
    store(path, reader, accuracy)


def _train_attributes(path: Path, dataset: str, folder: Path, role: Role, epochs: int | None) -> None:
    shown, held = (data.load_images(folder, split, dataset, SIDE_PX) for split in _SPLITS)
    table, width = data.load_attributes(folder), _ATTRIBUTE_WIDTHS[role]
    network, balanced = attributes.train(shown, held, table, epochs or attributes.EPOCHS, _SEEDS[role], width)
    store(path, network, attributes.mean(balanced), "attributes", balanced)


def _train_domains(path: Path, dataset: str, folder: Path, role: Role, epochs: int | None) -> None:
    shown, held = (data.load_unpaired(folder, split, dataset, domains.LOAD_PX) for split in _SPLITS)
    network = domains.train(shown, epochs or domains.EPOCHS, _SEEDS[role], _TRANSLATION_WIDTHS[role])
    accuracy, fooled = domains.figures(network, held)
    store(path, network, accuracy, "domains", fooled=fooled)


def _train_labels(path: Path, dataset: str, folder: Path, role: Role, epochs: int | None) -> None:
    shown, held = (data.load_pairs(folder, split, dataset, labels.LOAD_PX) for split in _SPLITS)
    network = labels.train(shown, epochs or labels.EPOCHS, _SEEDS[role], _TRANSLATION_WIDTHS[role])
    store(path, network, labels.pixel_accuracy(network, *labels.whole(held)), "labels")
