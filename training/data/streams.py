"""Endless batches on the device, for the training loop.

A stream's state is the position of its samplers, which also determines the random numbers of augmentation.
"""

from typing import Any, Protocol, overload

from torch import Tensor

from training.config import CycleganConfig, ImageInput, TrainingConfig
from training.data.augment import CROP_DRAWS, crop_and_flip
from training.data.sampler import Draw, Sampler
from training.data.sets import Batch, ImageSet, PairBatch, PairSet

_SEED_OF_B = 2**40  # seeds of runs are below 2^32, so no run's order of A equals another's order of B


class Stream(Protocol):
    """A source of batches."""

    @property
    def images_per_epoch(self) -> int:
        """Number of images after which the (larger) set has been seen once."""

    def next(self) -> Batch | PairBatch:
        """This process's share of the next batch."""

    def state_dict(self) -> dict[str, Any]:
        """The position of the stream, for checkpoints."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""


class ImageStream:
    """Single images; those of files are cropped and flipped, IDX images are used unchanged."""

    def __init__(self, data: ImageSet, reading: ImageInput | None, sampler: Sampler) -> None:
        self._data, self._reading, self._sampler = data, reading, sampler
        self.images_per_epoch = len(data)

    def next(self) -> Batch:
        """See `Stream.next`."""
        draw = self._sampler.next_draw()
        if self._reading is None:
            return self._data.batch(draw.indices)
        images = _crop(self._data, draw, draw.uniform(CROP_DRAWS), self._reading)
        return Batch(images, self._data.labels_at(draw.indices))

    def state_dict(self) -> dict[str, Any]:
        """See `Stream.state_dict`."""
        return self._sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Stream.load_state_dict`."""
        self._sampler.load_state_dict(state)


class AlignedStream:
    """Pairs: both halves have the same crop and flip."""

    def __init__(self, data: PairSet, reading: ImageInput, sampler: Sampler) -> None:
        self._data, self._reading, self._sampler = data, reading, sampler
        self.images_per_epoch = len(data)

    def next(self) -> PairBatch:
        """See `Stream.next`."""
        draw = self._sampler.next_draw()
        draws = draw.uniform(CROP_DRAWS)
        return PairBatch(*(_crop(half, draw, draws, self._reading) for half in (self._data.A, self._data.B)))

    def state_dict(self) -> dict[str, Any]:
        """See `Stream.state_dict`."""
        return self._sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Stream.load_state_dict`."""
        self._sampler.load_state_dict(state)


class UnpairedStream:
    """Equally many images of each domain, each in its own order; the smaller domain repeats more often."""

    def __init__(self, data: PairSet, reading: ImageInput, samplers: dict[str, Sampler]) -> None:
        self._data, self._reading, self._samplers = data, reading, samplers
        self.images_per_epoch = len(data)

    def next(self) -> PairBatch:
        """See `Stream.next`."""
        return PairBatch(self._domain("A", self._data.A), self._domain("B", self._data.B))

    def state_dict(self) -> dict[str, Any]:
        """See `Stream.state_dict`."""
        return {domain: sampler.state_dict() for domain, sampler in self._samplers.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See `Stream.load_state_dict`."""
        for domain, sampler in self._samplers.items():
            sampler.load_state_dict(state[domain])

    def _domain(self, domain: str, images: ImageSet) -> Tensor:
        draw = self._samplers[domain].next_draw()
        return _crop(images, draw, draw.uniform(CROP_DRAWS), self._reading)


@overload
def open_stream(config: TrainingConfig, data: ImageSet, rank: int = 0, world_size: int = 1) -> ImageStream: ...
@overload
def open_stream(
    config: TrainingConfig, data: PairSet, rank: int = 0, world_size: int = 1
) -> AlignedStream | UnpairedStream: ...
@overload
def open_stream(
    config: TrainingConfig, data: ImageSet | PairSet, rank: int = 0, world_size: int = 1
) -> ImageStream | AlignedStream | UnpairedStream: ...


def open_stream(
    config: TrainingConfig, data: ImageSet | PairSet, rank: int = 0, world_size: int = 1
) -> ImageStream | AlignedStream | UnpairedStream:
    """Opens the stream of a configuration's training images.

    Args:
        config: determines batch size, seed and crops, and whether pairs are aligned.
        data: the training images, placed by `place`.
        rank: this process's index.
        world_size: number of processes.

    Raises:
        DataError: a batch is larger than the set, or cannot be split evenly over the processes.
    """

    def sampler(length: int, offset: int = 0) -> Sampler:
        return Sampler(length, config.batch_size, config.seed + offset, rank, world_size)

    if isinstance(data, ImageSet):
        return ImageStream(data, config.images, sampler(len(data)))
    assert config.images is not None
    if isinstance(config, CycleganConfig):
        samplers = {"A": sampler(len(data.A)), "B": sampler(len(data.B), _SEED_OF_B)}
        return UnpairedStream(data, config.images, samplers)
    return AlignedStream(data, config.images, sampler(len(data)))


def _crop(images: ImageSet, draw: Draw, draws: Tensor, reading: ImageInput) -> Tensor:
    return crop_and_flip(images, draw.indices, reading.crop_px, reading.flip, draws)
