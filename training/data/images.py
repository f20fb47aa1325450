"""Decodes many image files into one array of squares, in threads; unreadable files are skipped and reported.

Images are scaled to the recipe's `load_px` once, here. The papers scale every image to that size at every step before
they crop and flip it. Scaling is deterministic, so doing it once gives the same pixels in less time.
"""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from training.data.decoding import DecodingError, decode, square
from training.data.sets import DataError, Skipped
from training.data.sources import Source

_PATIENCE_S = 2.0  # before a progress bar is shown
_MAX_NAMES = 5  # broken files that the warning names

Cut = Callable[[Image.Image], Sequence[Image.Image]]
"""From an image to the parts of it to read; raises DecodingError if the image does not have them."""


@dataclass(frozen=True)
class Squares:
    """Decoded images.

    Attributes:
        parts: one (N, side, side, 3) uint8 array per part of the cut.
        names: the files, in the order of the images.
        sides_px: the short side of each image, or of a pair's halves, before scaling; accurate to 7 px if it is more
            than twice the requested side.
        skipped: files that could not be read.
    """

    parts: tuple[NDArray[np.uint8], ...]
    names: tuple[str, ...]
    sides_px: tuple[int, ...]
    skipped: tuple[Skipped, ...]


def whole(image: Image.Image) -> Sequence[Image.Image]:
    """The image itself."""
    return (image,)


def halves(image: Image.Image) -> Sequence[Image.Image]:
    """A pair's left half A and its right half B, separated before scaling, so that neither has pixels of the other."""
    width, height = image.size
    if width <= height:
        raise DecodingError(f"{width} x {height} px is no pair side by side")
    if width % 2:
        raise DecodingError(f"its width of {width} px has no two halves")
    return image.crop((0, 0, width // 2, height)), image.crop((width // 2, 0, width, height))


def read(source: Source, names: Sequence[str], side_px: int, cut: Cut = whole, count: int = 1) -> Squares:
    """Reads images as squares, in the order of `names`, and reports skipped files on stderr.

    Args:
        source: the folder or zip.
        names: paths of images in it.
        side_px: side of the squares.
        cut: selects the parts of each image to read.
        count: number of those parts.

    Raises:
        DataError: there are names, but none can be read.
    """
    parts = np.empty((count, len(names), side_px, side_px, 3), np.uint8)

    def load(index: int) -> Skipped | int:
        try:
            return _fill(parts[:, index], source.read(names[index]), cut)
        except Exception as error:  # a damaged file may raise any error in Pillow, and must not stop the others
            return Skipped(names[index], _reason(error))

    with warnings.catch_warnings(), ThreadPoolExecutor(_threads()) as pool:
        warnings.simplefilter("ignore")  # Pillow's, about files that it reads nevertheless
        done = pool.map(load, range(len(names)))
        bar = tqdm(done, "reading", len(names), unit="img", delay=_PATIENCE_S, leave=False, disable=None)
        results = dict(zip(names, bar, strict=True))
    skipped = tuple(result for result in results.values() if isinstance(result, Skipped))
    sides_px = {name: result for name, result in results.items() if isinstance(result, int)}
    _report_skipped(source, skipped, len(names))
    if skipped:
        parts = parts[:, [name in sides_px for name in names]]
    return Squares(tuple(parts), tuple(sides_px), tuple(sides_px.values()), skipped)


def _fill(parts: NDArray[np.uint8], raw: bytes, cut: Cut) -> int:
    """Decodes one image into (count, side, side, 3), and returns the short side of its parts before scaling."""
    count, side_px = parts.shape[:2]
    image, shrunk = decode(raw, side_px if count == 1 else None)
    images = cut(image)
    for part, piece in zip(parts, images, strict=True):
        part[:] = square(piece, side_px)
    return round(min(images[0].size) * shrunk)


def _report_skipped(source: Source, skipped: Sequence[Skipped], total: int) -> None:
    if not skipped:
        return
    named = [f"{name} ({reason})" for name, reason in skipped[:_MAX_NAMES]] + ["..."] * (len(skipped) > _MAX_NAMES)
    message = f"{source.where}: {len(skipped):,} of {total:,} images could not be read"
    if len(skipped) == total:
        raise DataError(f"{message}, so that none is left: {', '.join(named)}")
    print(f"{message} and were left out: {', '.join(named)}", file=sys.stderr)


def _reason(error: Exception) -> str:
    words = " ".join(str(error).split())
    if "truncated" in words.lower():
        return "truncated"
    return "not an image that can be read" if "cannot identify" in words else words or type(error).__name__


def _threads() -> int:
    # Decoding releases Python's global lock, so one thread per core is the fastest.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
