"""The encoder from images to latents: a discriminator's convolutions with z_dim outputs."""

import torch
from torch import Tensor, nn

from training.config import ConvDiscriminator
from training.networks import dcgan

_LAST_SIDE_PX = 4


class Encoder(nn.Module):
    """(N, C, H, W) images in [-1, 1] -> (N, z_dim) latents; clamped to [-1, 1] for a uniform distribution."""

    def __init__(
        self, image_shape: tuple[int, int, int], z_dim: int, width: int = 32, is_uniform: bool = False
    ) -> None:
        super().__init__()
        side = image_shape[1]
        sides = [side]
        while sides[-1] > _LAST_SIDE_PX:
            sides.append((sides[-1] + 1) // 2)
        # The widest layers have the most weights and help least: two doublings are enough.
        widths = tuple(width * min(2**layer, 4) for layer in range(len(sides) - 1))
        kernel = 5 if any(before % 2 for before in sides[:-1]) else 4
        self.body = dcgan.Discriminator(ConvDiscriminator(widths=widths, kernel=kernel), image_shape)
        self.body.head = nn.Linear(self.body.head.in_features, z_dim)
        self.is_uniform = is_uniform

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> (N, z_dim)."""
        latents: Tensor = self.body(images)
        return torch.clamp(latents, -1.0, 1.0) if self.is_uniform else latents
