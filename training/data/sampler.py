"""The order in which a run sees its images, and the random numbers of each batch.

Independent of images and devices.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from training.data.sets import DataError


class Draw(NamedTuple):
    """One process's share of a batch.

    Attributes:
        indices: (B / world_size,) int64.
        generator: a CPU generator for this batch's random numbers, identical in every process.
        batch_size: B, over all processes together.
        share: this process's rows of B.
    """

    indices: Tensor
    generator: torch.Generator
    batch_size: int
    share: slice

    def uniform(self, columns: int) -> Tensor:
        """(B / world_size, columns) float32 in [0, 1): this process's rows of the whole batch's random numbers."""
        return torch.rand(self.batch_size, columns, generator=self.generator)[self.share]


class Sampler:
    """The order in which a run sees its images: every epoch a new permutation, without the incomplete last batch.

    The permutation depends only on (seed, epoch), so a checkpoint saves only (epoch, position).
    With several processes, each takes every `world_size`-th image of the same global batch.
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
        return self.next_draw().indices

    def next_draw(self) -> Draw:
        """This process's share of the next batch, with random numbers that need no state.

        They depend only on (seed, epoch, position), so a resumed run augments as if it had never stopped.
        """
        if self._position + self._batch_size > self._length:
            self._epoch, self._position = self._epoch + 1, 0
            self._order = self._permutation()
        batch = self._order[self._position : self._position + self._batch_size]
        generator = self._generator()
        self._position += self._batch_size
        share = slice(self._rank, None, self._world_size)
        return Draw(batch[share], generator, self._batch_size, share)

    def state_dict(self) -> dict[str, int]:
        """The position of the run."""
        return {"epoch": self._epoch, "position": self._position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Restores what `state_dict` returned."""
        self._epoch, self._position = state["epoch"], state["position"]
        self._order = self._permutation()

    def _generator(self) -> torch.Generator:
        place = np.random.SeedSequence((self._seed, self._epoch, self._position))
        return torch.Generator().manual_seed(int(place.generate_state(1)[0]))

    def _permutation(self) -> Tensor:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        return torch.randperm(self._length, generator=generator)
