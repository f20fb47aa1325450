"""Perceptrons for the GAN of Goodfellow et al. (2014).

References:
    I. Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, and the hyper-parameters published with it.
    I. Goodfellow et al., "Maxout Networks", ICML 2013.
"""

from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from training.config import MlpDiscriminator, MlpGenerator
from training.networks.norm import BatchNorm1d


class Maxout(nn.Module):
    """The largest of `pieces` linear functions of the input, for each unit."""

    def __init__(self, in_features: int, units: int, pieces: int) -> None:
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(in_features, units * pieces)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_features) -> (N, units)."""
        out: Tensor = self.linear(x)
        # Not len(out), which would become a constant batch size in an exported graph.
        return out.reshape(out.shape[0], -1, self.pieces).amax(dim=2)


class Generator(nn.Module):
    """(N, z_dim) float32 latents -> (N, C, H, W) images in [-1, 1]."""

    def __init__(self, config: MlpGenerator, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.sigmoid = config.output == "sigmoid"
        widths = (config.z_dim, *config.hidden)
        layers: list[nn.Module] = []
        for index, (before, after) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(before, after))
            # No BatchNorm after the first layer: its input's statistics, those of the latents, are known.
            if config.batch_norm and index > 0:
                layers.append(BatchNorm1d(after))
            layers.append(nn.LeakyReLU(config.leak) if config.leak else nn.ReLU())
        layers.append(nn.Linear(widths[-1], prod(image_shape)))
        self.layers = nn.Sequential(*layers)
        _init_uniform(self, config.init_range)

    def forward(self, latents: Tensor) -> Tensor:
        """(N, z_dim) -> (N, C, H, W) in [-1, 1]."""
        out: Tensor = self.layers(latents)
        out = 2.0 * torch.sigmoid(out) - 1.0 if self.sigmoid else torch.tanh(out)
        return out.reshape(-1, *self.image_shape)

    @torch.no_grad()
    def set_output_bias(self, mean: Tensor) -> None:
        """Sets the output bias so that all-zero activations give `mean`, (C, H, W) in [-1, 1].

        The mean is clamped away from 0 and 1 before its logit is taken, since some border pixels are always black.
        """
        share = ((mean.flatten() + 1.0) / 2.0).clamp(1e-3, 1.0 - 1e-3)
        logit = torch.log(share / (1.0 - share))
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        # tanh(x / 2) = 2 sigmoid(x) - 1
        last.bias.copy_(logit if self.sigmoid else logit / 2.0)


class Discriminator(nn.Module):
    """(N, C, H, W) images in [-1, 1] -> (N, 1) logits of being real."""

    def __init__(self, config: MlpDiscriminator, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.unit_range = config.unit_range
        layers: list[nn.Module] = [nn.Flatten(), nn.Dropout(config.dropout_input)]
        before = prod(image_shape)
        for units in config.hidden:
            if config.pieces > 1:
                layers.append(Maxout(before, units, config.pieces))
            else:
                layers += [nn.Linear(before, units), nn.LeakyReLU(config.leak)]
            layers.append(nn.Dropout(config.dropout_hidden))
            before = units
        layers.append(nn.Linear(before, 1))
        self.layers = nn.Sequential(*layers)
        _init_uniform(self, config.init_range)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] -> (N, 1) logits."""
        out: Tensor = self.layers((images + 1.0) / 2.0 if self.unit_range else images)
        return out


@torch.no_grad()
def _init_uniform(network: nn.Module, half_range: float) -> None:
    """Weights uniform in +-half_range and biases zero, as in the first GAN's code; 0 leaves PyTorch's default."""
    if half_range == 0.0:
        return
    for module in network.modules():
        if isinstance(module, nn.Linear):
            module.weight.uniform_(-half_range, half_range)
            module.bias.zero_()
