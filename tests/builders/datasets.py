"""Small data sets made in code, in the layouts that training reads."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.builders.images import write_images


def write_idx(path: Path, values: NDArray[np.uint8], packed: bool = True) -> None:
    """An IDX file of unsigned bytes, as MNIST's are."""
    raw = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()
    path.write_bytes(gzip.compress(raw, 1) if packed else raw)


def digits(count: int, seed: int = 0, side: int = 28) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Noisy images of ten separable classes: the position of a bright bar is the class.

    Returns:
        (count, side, side) uint8 and (count,) uint8 labels, each class equally often.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % 10
    pixels = rng.integers(0, 40, (count, side, side), dtype=np.uint8)
    for index, label in enumerate(labels):
        start = 2 + int(label) * (side - 6) // 10 + int(rng.integers(0, 2))
        pixels[index, start : start + 3, 4:-4] = 255 - rng.integers(0, 40, (3, side - 8), dtype=np.uint8)
    return pixels, labels


def write_digits(folder: Path, n_train: int = 256, n_test: int = 64) -> Path:
    """A folder with the four IDX files of a small set of `digits`."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, count, seed in (("train", n_train, 0), ("t10k", n_test, 1)):
        pixels, labels = digits(count, seed)
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", pixels)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return folder


def write_faces(
    folder: Path, n_train: int = 40, n_test: int = 8, side: int = 20, attributes: tuple[str, ...] = ()
) -> Path:
    """Images in CelebA's layout: a folder and the list of its partitions, training (0) and test (2).

    With attributes, also the table of attributes, which are random.
    """
    names = [f"{index + 1:06}.jpg" for index in range(n_train + n_test)]
    write_images(folder, *(f"img_align_celeba/{name}" for name in names), width=side, height=side)
    lines = (f"{name} {0 if index < n_train else 2}" for index, name in enumerate(names))
    (folder / "list_eval_partition.txt").write_text("\n".join(lines))
    if attributes:
        values = np.random.default_rng(0).choice((-1, 1), (len(names), len(attributes)))
        rows = (f"{name} {' '.join(map(str, row))}" for name, row in zip(names, values, strict=True))
        (folder / "list_attr_celeba.txt").write_text("\n".join((str(len(names)), " ".join(attributes), *rows)))
    return folder


def write_pairs(folder: Path, n_train: int = 8, n_test: int = 4, side: int = 20) -> Path:
    """Aligned pairs, A the darker left half of each image, in `train` and `test`."""
    counts = {"train": n_train, "test": n_test}
    names = (f"{part}/{index}.png" for part, count in counts.items() for index in range(count))
    return write_images(folder, *names, width=2 * side, height=side)


def write_unpaired(folder: Path, n_a: int = 6, n_b: int = 8, n_test: int = 4, side: int = 20) -> Path:
    """Two domains in `trainA`, `trainB`, `testA` and `testB`."""
    counts = {"trainA": n_a, "trainB": n_b, "testA": n_test, "testB": n_test}
    names = (f"{part}/{index}.png" for part, count in counts.items() for index in range(count))
    return write_images(folder, *names, width=side, height=side)


def write_zip(path: Path, folder: Path) -> Path:
    """A zip of all files below a folder, not in the order of their names."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, file.relative_to(folder))
    return path
