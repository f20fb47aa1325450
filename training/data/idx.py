"""IDX files, as MNIST and Fashion-MNIST are published.

References:
    The IDX format: Y. LeCun, "The MNIST database of handwritten digits".
"""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.data.published import PUBLISHED
from training.data.sets import DataError, ImageSet

_UINT8 = 0x08  # the IDX type code of unsigned bytes, the only one that MNIST and Fashion-MNIST use
_SPLITS = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")}
_SPLITS["test"] = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Reads one IDX file of unsigned bytes, plain or gzip.

    Returns:
        An array of the file's own shape, uint8.

    Raises:
        DataError: the file is missing, truncated, or no IDX file of unsigned bytes.
    """
    try:
        packed = path.read_bytes()
        raw = gzip.decompress(packed) if packed[:2] == b"\x1f\x8b" else packed
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    rank = raw[3] if len(raw) >= 4 else 0
    header = 4 + 4 * rank
    if len(raw) < header or raw[:3] != bytes((0, 0, _UINT8)) or rank == 0:
        raise DataError(f"{path} is no IDX file of unsigned bytes: it must start with 00 00 08 and its rank")
    shape = struct.unpack(f">{rank}I", raw[4:header])
    expected = header + int(np.prod(shape, dtype=np.int64))
    if len(raw) != expected:
        raise DataError(f"{path} holds {len(raw)} bytes, but its header asks for {expected}: is it cut off?")
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)


def load_idx(folder: Path, split: str, dataset: str) -> ImageSet:
    """Loads one split of MNIST or Fashion-MNIST, as published, from a folder.

    Args:
        folder: the folder of the four IDX files, each plain or with `.gz`.
        split: `train` or `test`.
        dataset: the expected data set, a key of `PUBLISHED`.

    Raises:
        DataError: a file is missing or damaged, images and labels differ in number, or the files are of another set.
    """
    image_name, label_name = _SPLITS[split]
    pixels, labels = read_idx(_find(folder, image_name)), read_idx(_find(folder, label_name))
    if pixels.ndim != 3 or labels.ndim != 1 or len(pixels) != len(labels):
        raise DataError(
            f"{folder}: {image_name} has shape {pixels.shape} and {label_name} {labels.shape}, "
            "but must be (N, height, width) and (N,)"
        )
    if len(pixels) == 0:
        raise DataError(f"{folder}: {image_name} holds no image")
    _refuse_other_set(folder, dataset)
    return ImageSet(torch.tensor(pixels).unsqueeze(1), torch.tensor(labels, dtype=torch.int64))


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise DataError(f"neither {name} nor {name}.gz lies in {folder}; --data must name the folder of the four IDX files")


def _refuse_other_set(folder: Path, dataset: str) -> None:
    labels = read_idx(_find(folder, _SPLITS["test"][1]))
    header = struct.pack(">HBBI", 0, _UINT8, 1, len(labels))
    digest = hashlib.md5(header + labels.tobytes(), usedforsecurity=False).hexdigest()
    for name, known in PUBLISHED.items():
        if name != dataset and digest == known.test_labels_md5:
            raise DataError(f"{folder} holds {known.title}, but the recipe is for {PUBLISHED[dataset].title}")
