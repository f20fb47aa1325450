"""Image data sets on the training device, and the order in which a run sees them.

Images are decoded once to uint8 and stay on the device, so that no loader starves a step; a batch is NCHW float32 in
[-1, 1]. Knows nothing about networks.

References:
    The IDX format: Y. LeCun, "The MNIST database of handwritten digits".
"""

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_UINT8 = 0x08  # the IDX type code of unsigned bytes, the only one that MNIST and Fashion-MNIST use


class DataError(ValueError):
    """The data cannot be read; the message says what was looked for and where."""


@dataclass(frozen=True)
class IdxDataset:
    """What has to be known about a published set of four IDX files.

    Attributes:
        title: its name in running text.
        classes: the name of each label, 0 first.
        terms: licence or terms of use.
        source: authors and year.
        test_labels_md5: MD5 of the unpacked `t10k-labels-idx1-ubyte`, which tells the sets apart.
    """

    title: str
    classes: tuple[str, ...]
    terms: str
    source: str
    test_labels_md5: str


IDX_DATASETS = {
    "mnist": IdxDataset(
        title="MNIST",
        classes=tuple("0123456789"),
        terms="CC BY-SA 3.0",
        source="Y. LeCun, C. Cortes, C. Burges: The MNIST database of handwritten digits",
        test_labels_md5="27ae3e4e09519cfbb04c329615203637",
    ),
    "fashion-mnist": IdxDataset(
        title="Fashion-MNIST",
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        terms="MIT, (c) 2017 Zalando SE",
        source="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST, Zalando Research, 2017",
        test_labels_md5="15d484375f8d13e6eb1aabb0c3f46965",
    ),
}

_SPLITS = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")}
_SPLITS["test"] = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


class Batch(NamedTuple):
    """What one step looks at.

    Attributes:
        images: (B, C, H, W) float32 in [-1, 1].
        labels: (B,) int64.
    """

    images: Tensor
    labels: Tensor


@dataclass(frozen=True)
class ImageSet:
    """Images and labels of one split, on one device.

    Attributes:
        images: (N, C, H, W) uint8.
        labels: (N,) int64.
    """

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    def batch(self, indices: Tensor) -> "Batch":
        """The images at `indices`, (B,) int64."""
        return Batch(self.images[indices].float().div_(127.5).sub_(1.0), self.labels[indices])

    def head(self, count: int) -> "ImageSet":
        """The first `count` images."""
        return ImageSet(self.images[:count], self.labels[:count])

    def to(self, device: torch.device) -> "ImageSet":
        """The same set on another device."""
        return ImageSet(self.images.to(device), self.labels.to(device))


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
        folder: where the four IDX files lie, each plain or with `.gz`.
        split: `train` or `test`.
        dataset: a key of `IDX_DATASETS`: what the caller expects to find.

    Raises:
        DataError: a file is missing or broken, images and labels differ in number, or the files are another set's.
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
    for name, known in IDX_DATASETS.items():
        if name != dataset and digest == known.test_labels_md5:
            raise DataError(f"{folder} holds {known.title}, but the recipe is for {IDX_DATASETS[dataset].title}")


class Sampler:
    """The order in which a run sees its images: every epoch a new permutation, the incomplete last batch left out.

    The permutation is a function of (seed, epoch) alone, so that (epoch, position) is all that a checkpoint keeps.
    With several processes each takes every `world_size`-th image of the same global batch.
    """

    def __init__(self, length: int, batch_size: int, seed: int, rank: int = 0, world_size: int = 1) -> None:
        if batch_size > length:
            raise DataError(f"the batch size is {batch_size}, but the data set holds {length} images only")
        if batch_size % world_size:
            raise DataError(f"a batch of {batch_size} cannot be split evenly over {world_size} processes")
        self._length, self._batch_size, self._seed = length, batch_size, seed
        self._rank, self._world_size = rank, world_size
        self._epoch, self._position = 0, 0
        self._order = self._permutation()

    def next_indices(self) -> Tensor:
        """(batch_size / world_size,) int64: this process's share of the next batch."""
        if self._position + self._batch_size > self._length:
            self._epoch, self._position = self._epoch + 1, 0
            self._order = self._permutation()
        batch = self._order[self._position : self._position + self._batch_size]
        self._position += self._batch_size
        return batch[self._rank :: self._world_size]

    def state_dict(self) -> dict[str, int]:
        """Where the run stands."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Goes on from where `state_dict` stood."""
        self._epoch, self._position = state["epoch"], state["position"]
        self._order = self._permutation()

    def _permutation(self) -> Tensor:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        return torch.randperm(self._length, generator=generator)
