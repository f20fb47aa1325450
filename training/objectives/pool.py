"""The pool of past fakes that a discriminator is shown again, so that it does not forget what it has learned.

References:
    A. Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial Training", CVPR 2017,
    section 2.3; with the probabilities of J.-Y. Zhu et al. (2017), section 4.
"""

from typing import Any

import torch
from torch import Tensor


class ImagePool:
    """Up to `size` past pictures.

    While it fills, it gives back what it is given. From then on, each picture is given back itself with probability
    1/2, or else a picture of the pool, whose place it takes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._images: list[Tensor] = []

    def query(self, images: Tensor) -> Tensor:
        """Exchanges some of the pictures.

        Args:
            images: (N, C, H, W), detached.

        Returns:
            (N, C, H, W): new and past pictures. Draws come from torch's own CPU generator. Pictures of another size are
            forgotten.
        """
        if self._images and self._images[0].shape != images.shape[1:]:
            self._images.clear()
        return torch.stack([self._exchange(image) for image in images]) if self._size else images

    def _exchange(self, image: Tensor) -> Tensor:
        if len(self._images) < self._size:
            self._images.append(image.clone())
            return image
        if torch.rand(()) < 0.5:
            return image
        place = int(torch.randint(self._size, ()))
        past, self._images[place] = self._images[place], image.clone()
        return past

    def state_dict(self) -> dict[str, Any]:
        """The pictures."""
        return {"images": list(self._images)}

    def load_state_dict(self, state: dict[str, Any], device: torch.device) -> None:
        """Takes over what `state_dict` returned."""
        self._images = [image.to(device) for image in state["images"]]
