"""Decoded images of one split on a device, and batches of them.

Independent of files and of the order in which a run sees its images.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self, overload

import torch
from torch import Tensor

_GPU_SHARE = 0.4  # of a GPU's free memory; networks, gradients and activations need the rest


class DataError(ValueError):
    """The data cannot be read; the message names what is missing or wrong, and where."""


class Batch(NamedTuple):
    """The input of one step.

    Attributes:
        images: (B, C, H, W) float32 in [-1, 1].
        labels: (B,) int64.
    """

    images: Tensor
    labels: Tensor


class PairBatch(NamedTuple):
    """The input of one step of a translator, aligned or not.

    Attributes:
        real_A: (B, 3, H, W) float32 in [-1, 1].
        real_B: (B, 3, H, W) float32 in [-1, 1].
    """

    real_A: Tensor
    real_B: Tensor


class Skipped(NamedTuple):
    """A file that could not be read, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class ImageSet:
    """Images and labels of one split.

    Attributes:
        images: (N, C, H, W) uint8, in any memory format.
        labels: (N,) int64; all zero if there are none.
        names: file names, in the order of the images; empty for IDX files.
        sides_px: the short side of each file's image before it was scaled; empty for IDX files.
        skipped: files that could not be read.
        batch_device: the device of batches; None for the device of the images.
    """

    images: Tensor
    labels: Tensor
    names: tuple[str, ...] = ()
    sides_px: tuple[int, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    batch_device: torch.device | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @property
    def upscaled(self) -> int:
        """Number of images that were smaller in their files and had to be upscaled."""
        return self.smaller_than(self.shape[1])

    def smaller_than(self, side_px: int) -> int:
        """Number of images whose short side was smaller than that in their files."""
        return sum(side < side_px for side in self.sides_px)

    @property
    def device(self) -> torch.device:
        """The device of batches."""
        return self.batch_device or self.images.device

    def rows(self, indices: Tensor) -> Tensor:
        """The images at `indices`, (B,) int64 on any device: (B, C, H, W) uint8 on the batches' device."""
        return self.deliver(self.images[indices.to(self.images.device)])

    def batch(self, indices: Tensor) -> Batch:
        """The images at `indices`, (B,) int64 on any device."""
        return Batch(to_floats(self.rows(indices)), self.labels_at(indices))

    def labels_at(self, indices: Tensor) -> Tensor:
        """The labels at `indices`, (B,) int64 on any device: (B,) int64 on the batches' device."""
        return self.deliver(self.labels[indices.to(self.labels.device)])

    def deliver(self, chosen: Tensor) -> Tensor:
        """Moves gathered rows to the batches' device."""
        if chosen.device == self.device:
            return chosen
        return chosen.pin_memory().to(self.device, non_blocking=True)

    def slice(self, start: int, end: int) -> Self:
        """The images from `start` up to `end`."""
        part = slice(start, end)
        images, labels = self.images[part], self.labels[part]
        return replace(self, images=images, labels=labels, names=self.names[part], sides_px=self.sides_px[part])

    def head(self, count: int) -> Self:
        """The first `count` images."""
        return self.slice(0, count)

    def to(self, device: torch.device) -> Self:
        """The same set on another device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device), batch_device=None)

    def batches_on(self, device: torch.device) -> Self:
        """The same set on its device, with batches on another device."""
        return replace(self, batch_device=device)

    @property
    def nbytes(self) -> int:
        """Memory of the images."""
        return self.images.nbytes


@dataclass(frozen=True)
class PairSet:
    """Two domains, both in RGB: aligned (image i of A belongs to image i of B) or each in its own order."""

    A: ImageSet
    B: ImageSet

    def __len__(self) -> int:
        """The larger domain's number of images: an epoch of CycleGAN."""
        return max(len(self.A), len(self.B))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of an image of either domain."""
        return self.A.shape

    def to(self, device: torch.device) -> Self:
        """The same pairs on another device."""
        return replace(self, A=self.A.to(device), B=self.B.to(device))

    def batches_on(self, device: torch.device) -> Self:
        """The same pairs on their device, with batches on another device."""
        return replace(self, A=self.A.batches_on(device), B=self.B.batches_on(device))

    @property
    def upscaled(self) -> int:
        """Number of images of both domains that were smaller in their files and had to be upscaled."""
        return self.A.upscaled + self.B.upscaled

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """Files that could not be read; one that holds a pair counts once."""
        return tuple(dict.fromkeys(self.A.skipped + self.B.skipped))

    @property
    def nbytes(self) -> int:
        """Memory of the images."""
        return self.A.nbytes + self.B.nbytes


def to_floats(pixels: Tensor) -> Tensor:
    """uint8 -> float32 in [-1, 1] of the same shape and memory format: x / 127.5 - 1."""
    return pixels.float().div_(127.5).sub_(1.0)


@overload
def place(data: ImageSet, device: torch.device) -> ImageSet: ...
@overload
def place(data: PairSet, device: torch.device) -> PairSet: ...
@overload
def place(data: ImageSet | PairSet, device: torch.device) -> ImageSet | PairSet: ...


def place(data: ImageSet | PairSet, device: torch.device) -> ImageSet | PairSet:
    """Moves a set to the training device if it fits; its batches are on that device in any case.

    On a GPU a set may use 40 % of the free memory. A larger one stays in host memory; each batch is gathered there and
    page-locked, so that it is copied while the GPU works.
    """
    return data.to(device) if _fits(data.nbytes, device) else data.batches_on(device)


def _fits(size_bytes: int, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return size_bytes <= _GPU_SHARE * free_bytes
