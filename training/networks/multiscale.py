"""PatchGAN at several scales, with colour at half the resolution.

Luma is compared at full resolution and chroma at half of it, as JPEG stores them: the
discriminator cannot use chroma noise at pixel level as a feature.

References:
    T.-C. Wang et al., "High-Resolution Image Synthesis and Semantic Manipulation with Conditional GANs", CVPR 2018,
    section 3.2: discriminators of the same form on an image pyramid.
    T. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    ITU-R BT.601 and JFIF: YCbCr.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training.config import MultiscaleDiscriminator
from training.networks.init import init

_LEAK = 0.2
_YCBCR = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class Discriminator(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> (N, scales, h, w): a logit per patch and scale; coarse scales are upsampled."""

    def __init__(self, config: MultiscaleDiscriminator, channels: int = 3) -> None:
        super().__init__()
        if channels != 3:
            raise ValueError(f"luma and chroma need 3 channels, but the images have {channels}")
        self.scales = nn.ModuleList(_patches(config.ndf, config.layers) for _ in range(config.scales))
        init(self, "he")
        for layer in list(self.modules()):
            if isinstance(layer, nn.Conv2d):
                spectral_norm(layer)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in [-1, 1] -> (N, scales, h, w)."""
        seen = luma_chroma(images)
        logits = []
        for index, scale in enumerate(self.scales):
            logits.append(scale(seen if index == 0 else F.avg_pool2d(seen, 2**index)))
        first, *others = logits
        size = (first.shape[2], first.shape[3])
        return torch.cat((first, *(F.interpolate(other, size, mode="nearest") for other in others)), 1)


def luma_chroma(images: Tensor) -> Tensor:
    """(N, 3, H, W) RGB -> (N, 3, H, W): Y, and Cb and Cr as means over 2 x 2 px; H and W are even."""
    matrix = images.new_tensor(_YCBCR)[:, :, None, None]
    converted = F.conv2d(images, matrix)
    chroma = F.interpolate(F.avg_pool2d(converted[:, 1:], 2), scale_factor=2, mode="nearest")
    return torch.cat((converted[:, :1], chroma), 1)


def _patches(ndf: int, layers: int) -> nn.Sequential:
    """PatchGAN without normalisation layers: `layers` of stride 2, one of stride 1, and the logits."""
    parts: list[nn.Module] = []
    before = 3
    for layer in range(layers + 1):
        after = min(2**layer, 8) * ndf
        parts += [nn.Conv2d(before, after, 4, 2 if layer < layers else 1, 1), nn.LeakyReLU(_LEAK, inplace=True)]
        before = after
    return nn.Sequential(*parts, nn.Conv2d(before, 1, 4, 1, 1))
