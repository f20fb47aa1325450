"""The pool of past fakes that a discriminator sees again, so that it does not forget them.

References:
    A. Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial Training", CVPR 2017,
    section 2.3; with the probabilities of J.-Y. Zhu et al. (2017), section 4.
"""

from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """Up to `size` past images.

    While the pool fills, `query` returns its input. After that, each image is returned with probability 1/2; otherwise
    it replaces a random image of the pool, which is returned instead.
    """

    def __init__(self, size: int) -> None:
        self._size, self._count = size, 0
        self._images: Tensor | None = None  # (size, C, H, W); the first `_count` are filled

    def is_full(self, side_px: int) -> bool:
        """Whether the pool is full of images of that side, so that every query runs the same device operations."""
        if self._images is None:
            return self._size == 0
        return self._count == self._size and self._images.shape[2:] == (side_px, side_px)

    def query(self, images: Tensor) -> Tensor:
        """Exchanges some of the images.

        Args:
            images: (N, C, H, W), detached.

        Returns:
            (N, C, H, W): new and past images. Random numbers come from the device's own generator. Images of another
            size are discarded.
        """
        if not self._size:
            return images
        if self._images is None or self._images.shape[1:] != images.shape[1:]:
            self._images, self._count = images.new_empty((self._size, *images.shape[1:])), 0
        return torch.cat([self._exchange(self._images, image[None]) for image in images])

    def _exchange(self, kept: Tensor, image: Tensor) -> Tensor:
        """(1, C, H, W) -> (1, C, H, W). Random numbers stay on the device, so that the host does not wait."""
        if self._count < self._size:
            kept[self._count] = image[0]
            self._count += 1
            return image
        is_new = torch.rand((1, 1, 1, 1), device=image.device) < 0.5
        place = torch.randint(self._size, (1,), device=image.device)
        past = kept.index_select(0, place)
        kept.index_copy_(0, place, torch.where(is_new, past, image))
        return torch.where(is_new, image, past)

    def state_dict(self) -> dict[str, Any]:
        """The stored images."""
        return {"images": [] if self._images is None else list(self._images[: self._count])}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Restores what `state_dict` returned."""
        given = [image.to(device) for image in state["images"]]
        self._images, self._count = None, len(given)
        if given:
            self._images = given[0].new_empty((self._size, *given[0].shape))
            self._images[: self._count] = torch.stack(given)
