"""Tables of the attributes and the split of each image, in CelebA's format.

References:
    Z. Liu et al., "Deep Learning Face Attributes in the Wild", ICCV 2015: `list_attr_celeba.txt` has a line with the
    number of rows, a line of names, and rows of a file name and -1 or 1 for each name; the .csv that circulates has
    one header line. `list_eval_partition.txt` has rows of a file name and 0 (train), 1 (validation) or 2 (test).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

import numpy as np
import torch
from torch import Tensor

from training.data.sets import DataError, ImageSet
from training.data.sources import Source, open_source

_TABLES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
_PARTITIONS = ("list_eval_partition.txt", "list_eval_partition.csv")
_PARTITION = "partition"  # a column that some copies of the table have
_NUMBERS = {"train": 0, "validation": 1, "test": 2}
_MAX_NAMES = 5


@dataclass(frozen=True)
class Attributes:
    """Binary attributes of images.

    Attributes:
        names: the A attributes' names.
        values: (N, A) int8 in {0, 1}.
        files: the N images' file names, without folders.
    """

    names: tuple[str, ...]
    values: Tensor
    files: tuple[str, ...]

    def of(self, images: ImageSet) -> Self:
        """The rows of a set's images, in their order. Rows without an image are left out.

        Raises:
            DataError: an image has no row. Its attributes must not be guessed.
        """
        rows = {file: row for row, file in enumerate(self.files)}
        files = tuple(PurePosixPath(name).name for name in images.names)
        missing = [file for file in files if file not in rows]
        if missing:
            named = ", ".join(missing[:_MAX_NAMES]) + (", ..." if len(missing) > _MAX_NAMES else "")
            raise DataError(f"{len(missing):,} of {len(files):,} images have no row in the attribute table: {named}")
        return type(self)(self.names, self.values[[rows[file] for file in files]], files)

    def column(self, name: str) -> Tensor:
        """(N,) int8 in {0, 1}: one attribute.

        Raises:
            DataError: there is no attribute of that name.
        """
        if name not in self.names:
            raise DataError(f"there is no attribute {name!r}; there are {', '.join(self.names)}")
        return self.values[:, self.names.index(name)]


def load_attributes(path: Path) -> Attributes:
    """Reads an attribute table.

    Args:
        path: the table, or a folder or zip that holds one under CelebA's name.

    Raises:
        DataError: there is no table, or it is not in CelebA's format.
    """
    if path.suffix in (".txt", ".csv"):
        where, text = str(path), _text(path)
    else:
        source = open_source(path)
        found = next((file for name in _TABLES if (file := source.named(name))), None)
        if found is None:
            raise DataError(f"no attribute table ({' or '.join(_TABLES)}) lies in {source.where}")
        where, text = f"{source.where}: {found}", _decoded(source, found)
    names, rows = _rows(text, where)
    kept = [column for column, name in enumerate(names) if name != _PARTITION]
    values = _values([[row[1 + column] for column in kept] for row in rows], where)
    return Attributes(tuple(names[column] for column in kept), values, tuple(row[0] for row in rows))


def load_partition(source: Source) -> dict[str, int]:
    """The split of each image: file name -> 0 (train), 1 (validation) or 2 (test).

    Raises:
        DataError: there is no such list, or it is damaged.
    """
    found = next((file for name in _PARTITIONS if (file := source.named(name))), None)
    if found is None:
        raise DataError(
            f"no {' or '.join(_PARTITIONS)} lies in {source.where}: CelebA is split by it; a folder of your own "
            "images is the data set `images`"
        )
    rows = [line.replace(",", " ").split() for line in _decoded(source, found).splitlines() if line.strip()]
    rows = rows[1:] if rows and rows[0][-1] == _PARTITION else rows
    if not all(len(row) == 2 and row[1] in ("0", "1", "2") for row in rows):
        raise DataError(f"{source.where}: {found} must hold rows of a file name and 0, 1 or 2")
    return {file: int(number) for file, number in rows}


def split_number(split: str) -> int:
    """The number of a split in CelebA's partition list."""
    return _NUMBERS[split]


def _rows(text: str, where: str) -> tuple[list[str], list[list[str]]]:
    """The names of the columns after the first, and the rows with the file name first."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DataError(f"{where} is empty")
    if "," in lines[0]:
        (_, *names), *rows = list(csv.reader(lines))
    else:
        rows = [line.split() for line in lines]
        rows = rows[1:] if len(rows[0]) == 1 and rows[0][0].isdigit() else rows
        names, *rows = rows
    wrong = next((row for row in rows if len(row) != 1 + len(names)), None)
    if wrong is not None or not rows:
        fault = f"{wrong[0]} has {len(wrong) - 1}" if wrong else "there is no row"
        raise DataError(f"{where} must hold a file name and {len(names)} values per row, but {fault}")
    return names, rows


def _values(rows: Sequence[Sequence[str]], where: str) -> Tensor:
    """-1 (or 0) and 1 as int8 in {0, 1}."""
    texts = np.array(rows)
    wrong = set(np.unique(texts)) - {"-1", "0", "1"}
    if wrong:
        raise DataError(f"{where} must hold -1 and 1 only, but holds {', '.join(sorted(wrong)[:_MAX_NAMES])}")
    return torch.from_numpy((texts == "1").astype(np.int8))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def _decoded(source: Source, name: str) -> str:
    try:
        return source.read(name).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(f"{source.where}: {name} cannot be read: {error}") from error
