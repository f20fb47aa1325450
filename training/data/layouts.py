"""The file layout of each kind of data set, and which files belong to a split.

Independent of decoding and configurations. A validation split without files of its own is the last share of the
training files, in the order of their names; training excludes them. Files are assigned to splits before any is read,
so that a damaged file does not move others between splits.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch

from training.data import images
from training.data.attributes import load_partition, split_number
from training.data.published import OWN, PUBLISHED
from training.data.sets import DataError, ImageSet, PairSet
from training.data.sources import Members, Source, folders, members, open_source

Split = Literal["train", "validation", "test"]
_FOLDERS: dict[Split, str] = {"train": "train", "validation": "val", "test": "test"}


def load_images(path: Path, split: Split, dataset: str, load_px: int, validation_share: float = 0.0) -> ImageSet:
    """Single images: CelebA, split by its own list, or your own.

    Your own are those of the folders `train`, `val` and `test`. Without a folder `train`, all are for training.
    Images that CelebA's list does not name are ignored.

    Args:
        path: a folder, or a zip.
        split: the split to load.
        dataset: `celeba` or `images`.
        load_px: side of the squares that they are scaled to.
        validation_share: share of the training images to hold out, if the data set has no validation images.

    Returns:
        (N, 3, load_px, load_px) uint8; empty if nothing is held out for validation.

    Raises:
        DataError: there is no image, or no split of that name.
    """
    source = open_source(path)
    by_split = _celeba if dataset == "celeba" else _own
    names = by_split(source, split, validation_share)
    return _sets(images.read(source, names, load_px))[0]


def load_pairs(path: Path, split: Split, dataset: str, load_px: int, validation_share: float = 0.0) -> PairSet:
    """Aligned pairs: A is the left half of each image, B the right one, in the same folders as single images.

    Halves that are not square are centre-cropped, like any image. An image that is not wider than high, or whose
    width is odd, is no pair and is skipped. Arguments and errors as in `load_images`.
    """
    source = open_source(path)
    if members(source, "trainA") and not members(source, "train"):
        raise DataError(
            f"{source.where} holds trainA and trainB, which are not paired; Pix2pix learns from images that hold A "
            "and B side by side, in train, val and test"
        )
    names = _own(source, split, validation_share)
    _refuse_another(source, members(source, _FOLDERS[split]), dataset)
    return PairSet(*_sets(images.read(source, names, load_px, images.halves, count=2)))


def load_unpaired(path: Path, split: Split, dataset: str, load_px: int, validation_share: float = 0.0) -> PairSet:
    """Two domains, in `trainA`, `trainB`, `testA` and `testB` (and `valA`, `valB`), at the top or one folder deep.

    Arguments and errors as in `load_images`; each domain holds out its own share.
    """
    source = open_source(path)
    a, b = (_domain(source, split, dataset, letter, validation_share) for letter in "AB")
    return PairSet(*(_sets(images.read(source, names, load_px))[0] for names in (a, b)))


def _celeba(source: Source, split: Split, share: float) -> Sequence[str]:
    numbers = load_partition(source)
    by_number: dict[int | None, list[str]] = {0: [], 1: [], 2: []}
    for name in source.images:
        by_number.setdefault(numbers.get(name.rpartition("/")[2]), []).append(name)
    train, validation = _held_back(by_number[0], by_number[1], share)
    names = {"train": train, "validation": validation, "test": by_number[2]}[split]
    if not names and split != "validation":
        missing = f"no image of split {split_number(split)} ({split})"
        raise DataError(f"{missing} of the partition list lies in {source.where}: it holds {folders(source)}")
    return names


def _own(source: Source, split: Split, share: float) -> Sequence[str]:
    if not source.images:
        raise DataError(f"{folders(source)} lies in {source.where} or its folders")
    found = {name: members(source, folder) for name, folder in _FOLDERS.items()}
    if split == "test":
        return _required(source, found["test"], "test").names
    if found["train"] is None and (found["validation"] or found["test"]):
        return _required(source, None, "train").names
    train = found["train"].names if found["train"] else source.images
    return _held_back(train, found["validation"].names if found["validation"] else (), share)[split == "validation"]


def _domain(source: Source, split: Split, dataset: str, letter: str, share: float) -> Sequence[str]:
    found = members(source, _FOLDERS[split] + letter)
    _refuse_another(source, found, dataset)
    if split == "test":
        return _required(source, found, f"test{letter}").names
    train = _required(source, members(source, f"train{letter}"), f"train{letter}")
    validation = members(source, f"val{letter}")
    return _held_back(train.names, validation.names if validation else (), share)[split == "validation"]


def _held_back(train: Sequence[str], validation: Sequence[str], share: float) -> tuple[Sequence[str], Sequence[str]]:
    """Training and validation files: as the data set splits them, or by the share."""
    if validation:
        return train, validation
    kept = len(train) - round(share * len(train))
    return train[:kept], train[kept:]


def _required(source: Source, found: Members | None, folder: str) -> Members:
    if found is None:
        raise DataError(f"no folder {folder} with images lies in {source.where}: it holds {folders(source)}")
    return found


def _refuse_another(source: Source, found: Members | None, dataset: str) -> None:
    """Rejects a folder named after another data set, which must not be used under this one's name."""
    if dataset in OWN:
        return
    others = PUBLISHED.keys() - {dataset, *OWN}
    for name in (found.root if found else "", source.where.resolve().stem):
        if name in others:
            raise DataError(
                f"{source.where} holds {PUBLISHED[name].title}, but the recipe is for {PUBLISHED[dataset].title}"
            )


def _sets(squares: images.Squares) -> tuple[ImageSet, ...]:
    labels = torch.zeros(len(squares.names), dtype=torch.int64)
    # A view: stored channels-last, as decoded, which is also the fastest layout for convolutions.
    parts = (torch.from_numpy(part).permute(0, 3, 1, 2) for part in squares.parts)
    return tuple(
        ImageSet(part, labels, squares.names, sides_px=squares.sides_px, skipped=squares.skipped) for part in parts
    )
