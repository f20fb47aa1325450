"""Loads the images of a split for a configuration: the single entry point for commands."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import overload

import torch

from training.config import GenerativeConfig, TrainingConfig, TranslationConfig
from training.data.idx import load_idx
from training.data.layouts import Split, load_images, load_pairs, load_unpaired
from training.data.published import PUBLISHED
from training.data.sets import DataError, ImageSet, PairSet

_Loader = Callable[[Path, Split, str, int, float], ImageSet | PairSet]
_LOADERS: dict[str, _Loader] = {"images": load_images, "pairs": load_pairs, "unpaired": load_unpaired}
STACKED_IMAGES: dict[Split, int] = {"train": 128_000, "validation": 26_000, "test": 26_000}
"""Images of stacked MNIST per split (Z. Lin et al., "PacGAN", NeurIPS 2018)."""
_MIN_IMAGES = 2  # a single image is not a distribution


@overload
def load(config: GenerativeConfig, path: Path, split: Split) -> ImageSet: ...
@overload
def load(config: TranslationConfig, path: Path, split: Split) -> PairSet: ...
@overload
def load(config: TrainingConfig, path: Path, split: Split) -> ImageSet | PairSet: ...


def load(config: TrainingConfig, path: Path, split: Split) -> ImageSet | PairSet:
    """Loads a split of a configuration's data set into host memory.

    Args:
        config: names the data set, the size at which it is read and the share held out.
        path: the folder or zip of the data set.
        split: `train` excludes the images of `validation`: the data set's own (a `val` folder, CelebA's partition 1),
            or else the last `validation_share` of the training images of each domain.

    Returns:
        The images; of length 0 if nothing is held out for validation.

    Raises:
        DataError: the data cannot be read, or there is too little of it to train on.
    """
    data = _load(config, path, split)
    if split == "train":
        _check_count(config, data, path)
        _warn_small(config, data, path)
    return data


class Sets:
    """The splits of a configuration's data set; each is read once, on first use."""

    def __init__(self, config: TrainingConfig, path: Path) -> None:
        """Reads nothing yet. For the arguments see the function `load`."""
        self._config, self._path = config, path
        self._read: dict[Split, ImageSet | PairSet] = {}

    def load(self, split: Split) -> ImageSet | PairSet:
        """As the function `load`, with the same errors."""
        if split not in self._read:
            self._read[split] = load(self._config, self._path, split)
        return self._read[split]

    def images(self, split: Split) -> ImageSet:
        """A split of a generative configuration."""
        found = self.load(split)
        assert isinstance(found, ImageSet)
        return found

    def pairs(self, split: Split) -> PairSet:
        """A split of a translation configuration."""
        found = self.load(split)
        assert isinstance(found, PairSet)
        return found


def _load(config: TrainingConfig, path: Path, split: Split) -> ImageSet | PairSet:
    kind = PUBLISHED[config.dataset].kind
    if kind == "idx":
        return _idx(config, path, split)
    if kind == "stacked":
        return stacked(replace(config, dataset="mnist"), path, split)
    assert config.images is not None
    return _LOADERS[kind](path, split, config.dataset, config.images.load_px, config.validation_share)


def _idx(config: TrainingConfig, path: Path, split: Split) -> ImageSet:
    images = load_idx(path, "test" if split == "test" else "train", config.dataset)
    kept = len(images) - round(config.validation_share * len(images))
    return {"train": images.head(kept), "validation": images.slice(kept, len(images)), "test": images}[split]


def stacked(config: TrainingConfig, path: Path, split: Split) -> ImageSet:
    """Stacked MNIST: three digits, sampled uniformly, as the channels of one image; 1,000 modes.

    Returns:
        (N, 3, 28, 28) uint8, with labels 0 ... 999 from the digits in their order. N is the number of training images,
        or of test samples, in PacGAN's protocol.
    """
    digits = _idx(config, path, split)
    if len(digits) == 0:
        return digits
    drawn = torch.Generator().manual_seed(0)
    chosen = torch.randint(len(digits), (STACKED_IMAGES[split], 3), generator=drawn)
    labels = digits.labels[chosen] @ torch.tensor([100, 10, 1])
    return ImageSet(digits.images[chosen, 0], labels)


def _check_count(config: TrainingConfig, data: ImageSet | PairSet, path: Path) -> None:
    held = f" when {config.validation_share:.0%} of them are held out" if config.validation_share else ""
    for part, images in _parts(data).items():
        holds = f"the data set holds {len(images)} image{'s' * (len(images) != 1)}{part} for training{held}"
        if len(images) < config.batch_size:
            raise DataError(f"{path}: the batch size is {config.batch_size}, but {holds}")
        if len(images) < _MIN_IMAGES:
            raise DataError(f"{path}: {holds}, but there must be at least {_MIN_IMAGES}")


def _warn_small(config: TrainingConfig, data: ImageSet | PairSet, path: Path) -> None:
    crop_px = config.images.crop_px if config.images else 0
    for part, images in _parts(data).items():
        if small := images.smaller_than(crop_px):
            message = f"{small:,} of {len(images):,} images{part} are smaller than the crop of {crop_px} px"
            print(f"{path}: {message} and were enlarged, which leaves them soft", file=sys.stderr)


def _parts(data: ImageSet | PairSet) -> dict[str, ImageSet]:
    return {"": data} if isinstance(data, ImageSet) else {" of A": data.A, " of B": data.B}
