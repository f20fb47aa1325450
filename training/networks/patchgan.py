"""PatchGAN: a discriminator that classifies each patch of an image separately.

References:
    P. Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, section 3.2.2 and
    appendix 6.1.2: C64-C128-C256-C512 sees patches of 70 px, C64-C128 of 16 px, and 1 x 1 convolutions single pixels.
"""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from training.config import PatchDiscriminator
from training.networks.init import init_normal

_LEAK = 0.2


class Discriminator(nn.Module):
    """(N, channels, H, W) in [-1, 1] -> (N, 1, h, w): a logit for each patch."""

    def __init__(self, config: PatchDiscriminator, channels: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before, plan = channels, _plan(config)
        for index, (after, kernel, stride) in enumerate(plan):
            is_last = index == len(plan) - 1
            is_bare = index == 0 or is_last
            # No norm after the first layer, as in DCGAN. An affine norm has a bias, so the convolution needs none.
            bias = is_bare or not config.norm_affine
            layers.append(nn.Conv2d(before, after, kernel, stride, kernel // 4, bias=bias))
            if not is_bare:
                layers.append(nn.InstanceNorm2d(after, affine=config.norm_affine))
            if not is_last:
                layers.append(nn.LeakyReLU(_LEAK, inplace=True))
            before = after
        self.layers = nn.Sequential(*layers)
        init_normal(self)
        if config.spectral_norm:
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d):
                    spectral_norm(layer)

    def forward(self, images: Tensor) -> Tensor:
        """(N, channels, H, W) in [-1, 1] -> (N, 1, h, w)."""
        out: Tensor = self.layers(images)
        return out


def receptive_field(config: PatchDiscriminator) -> int:
    """Side in px of the patch that one logit sees."""
    side = 1
    for _, kernel, stride in reversed(_plan(config)):
        side = (side - 1) * stride + kernel
    return side


def _plan(config: PatchDiscriminator) -> list[tuple[int, int, int]]:
    """(feature maps, kernel, stride) of each layer; the last outputs the logits."""
    if config.layers == 0:
        return [(config.ndf, 1, 1), (2 * config.ndf, 1, 1), (1, 1, 1)]
    widths = [min(2**layer, 8) * config.ndf for layer in range(config.layers + 1)]
    return [(width, 4, 2) for width in widths[:-1]] + [(widths[-1], 4, 1), (1, 4, 1)]
