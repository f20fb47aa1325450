"""A survey of a data set's folder or zip: images per split, sizes, modes, and skipped files."""

import contextlib
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from training import data
from training.config import TrainingConfig
from training.data import PUBLISHED, DataError, ImageSet, PairSet, Skipped, Split, open_source

_MAX_HEADERS = 200  # enough to characterise a data set, and fast for any number of files
_MAX_NAMES = 3


class Survey(NamedTuple):
    """The findings about a data set.

    Attributes:
        lines: (name, text) for each split, then for the files.
        train: the training images; None if they cannot be used.
        warnings: sentences: training works, but not as well as it could.
        problems: sentences: why training cannot start.
        held: the images held out from training; None if there are none.
    """

    lines: list[tuple[str, str]]
    train: ImageSet | PairSet | None
    warnings: list[str]
    problems: list[str]
    held: ImageSet | PairSet | None = None


def survey(config: TrainingConfig, path: Path) -> Survey:
    """Reads every split as training and evaluation will, and the headers of some of the files.

    Args:
        config: determines the data set and its image size.
        path: the folder or zip of the data set.
    """
    found = Survey([], None, [], [])
    sets: dict[Split, ImageSet | PairSet] = {}
    for split in ("train", "validation", "test"):
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # the survey reports loading's warnings itself, in full
                sets[split] = data.load(config, path, split)
            found.lines.append((split, _describe_split(sets[split])))
        except DataError as error:
            found.lines.append((split, "none"))
            if split == "train":
                found.problems.append(str(error))
            elif split == "test" and "train" in sets:
                found.warnings.append(f"`evaluate` will find no test images: {error}")
    if PUBLISHED[config.dataset].kind not in ("idx", "stacked"):
        with contextlib.suppress(DataError):
            found.lines.append(("files", _headers(path)))
    found.warnings.extend(_warnings(config, sets))
    if config.measure_every_nimg and "validation" in sets and not len(sets["validation"]):
        found.problems.append(
            "measure_every_nimg is given, but nothing is held out to measure on: give --validation-share 0.1 too"
        )
    return found._replace(train=sets.get("train"), held=sets.get("validation") or None)


def _describe_split(images: ImageSet | PairSet) -> str:
    if not len(images):
        return "none"
    channels, height, width = images.shape
    kind = f"{width} x {height} px, {'grey' if channels == 1 else 'RGB'}"
    if isinstance(images, PairSet):
        return f"A {len(images.A):,}, B {len(images.B):,} images, read as {kind}"
    return f"{len(images):,} images, read as {kind}"


def _headers(path: Path) -> str:
    """Sizes and modes in the files' headers, as text."""
    source = open_source(path)
    names = source.images[:: max(1, len(source.images) // _MAX_HEADERS)][:_MAX_HEADERS]
    modes: Counter[str] = Counter()
    sizes: Counter[tuple[int, int]] = Counter()
    for name in names:
        # A damaged file may raise any error in Pillow; loading has reported it.
        with contextlib.suppress(Exception), Image.open(io.BytesIO(source.read(name))) as image:
            modes[image.mode] += 1
            sizes[image.size] += 1
    kinds = ", ".join(f"{mode} {count}" for mode, count in modes.most_common())
    shown = [f"{width} x {height} px" for width, height in sorted(sizes)]
    spread = shown[0] if len(shown) == 1 else f"{len(shown)} sizes, {shown[0]} ... {shown[-1]}" if shown else "none"
    return f"{len(source.images):,} images; of {len(names)} looked at: {spread}; modes {kinds}"


def _warnings(config: TrainingConfig, sets: dict[Split, ImageSet | PairSet]) -> list[str]:
    warnings: list[str] = []
    for split, images in sets.items():
        if images.skipped:
            warnings.append(
                f"{split}: {len(images.skipped):,} files cannot be read and are left out: "
                f"{_first_names(images.skipped)}"
            )
    if "train" not in sets or config.images is None:
        return warnings
    parts = sets["train"]
    for part in (parts,) if isinstance(parts, ImageSet) else (parts.A, parts.B):
        if small := part.smaller_than(config.images.crop_px):
            warnings.append(
                f"{small:,} of {len(part):,} training images are smaller than the crop of {config.images.crop_px} px "
                "and are enlarged, which leaves them soft"
            )
        elif small := part.upscaled:
            warnings.append(
                f"{small:,} of {len(part):,} training images are enlarged from {min(part.sides_px)} px or more to the "
                f"{config.images.load_px} px at which the recipe reads them"
            )
    return warnings


def _first_names(skipped: Sequence[Skipped]) -> str:
    named = [f"{name} ({reason})" for name, reason in skipped[:_MAX_NAMES]]
    return ", ".join(named + ["..."] * (len(skipped) > _MAX_NAMES))
