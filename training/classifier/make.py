"""From a data set's folder to the file of its judge."""

from pathlib import Path

from training import data
from training.classifier import attributes, classes
from training.classifier.judge import Judge, Role, load, path_of, store
from training.data import PUBLISHED, Split
from training.networks.attributenet import SIDE_PX

_SEEDS: dict[Role, int] = {"reports": 1_000, "selects": 2_000}
# Two judges of another size have other blind spots.
_CLASS_WIDTHS: dict[Role, int] = {"reports": 32, "selects": 12}
_ATTRIBUTE_WIDTHS: dict[Role, int] = {"reports": 24, "selects": 16}


def make(dataset: str, folder: Path, role: Role = "reports", epochs: int | None = None) -> Judge:
    """Trains a judge and stores it among those of this package.

    Args:
        dataset: of classes (MNIST, Fashion-MNIST) or of attributes (CelebA).
        folder: where it lies.
        role: what the judge is for; each role has a judge of its own.
        epochs: how long; None is as long as the judges that come with the package.

    Raises:
        DataError: the data cannot be read.
    """
    path, seed = path_of(dataset, role), _SEEDS[role]
    splits: tuple[Split, Split] = ("train", "test")
    if PUBLISHED[dataset].classes:
        shown, held = (data.load_idx(folder, split, dataset) for split in splits)
        reader, accuracy = classes.train(shown, held, epochs or classes.EPOCHS, seed, _CLASS_WIDTHS[role])
        store(path, reader, accuracy)
    else:
        shown, held = (data.load_images(folder, split, dataset, SIDE_PX) for split in splits)
        table = data.load_attributes(folder)
        width = _ATTRIBUTE_WIDTHS[role]
        network, balanced = attributes.train(shown, held, table, epochs or attributes.EPOCHS, seed, width)
        store(path, network, attributes.mean(balanced), balanced)
    return load(dataset, role=role)
