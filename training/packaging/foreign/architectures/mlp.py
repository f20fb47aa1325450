"""Fully connected generators of the kind of eriklindernoren/PyTorch-GAN's `gan.py` and `wgan.py`."""

from math import isqrt

from torch import Tensor, nn

from training.packaging.foreign.architectures.architecture import Architecture, Options, State, load, numbered

_EPSILON = 0.8
"""That project writes `BatchNorm1d(width, 0.8)`, which sets epsilon; its state dicts do not tell."""


class MlpGenerator(nn.Module):
    """Linear layers with LeakyReLU, some with BatchNorm; tanh at the end.

    Args:
        widths: numbers of a latent, and of every layer's output.
        normed: for each layer but the last whether BatchNorm follows.
        shape: (C, H, W) of an image.
    """

    def __init__(self, widths: list[int], normed: list[bool], shape: tuple[int, int, int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for given, made, has_norm in zip(widths, widths[1:], [*normed, False], strict=False):
            layers += [nn.Linear(given, made), *([nn.BatchNorm1d(made, _EPSILON)] if has_norm else [])]
            layers += [nn.LeakyReLU(0.2)]
        layers[-1] = nn.Tanh()
        self.model = nn.Sequential(*layers)
        self.shape = shape

    def forward(self, latents: Tensor) -> Tensor:
        """(N, z_dim) to (N, C, H, W) in [-1, 1]."""
        values: Tensor = self.model(latents)
        return values.reshape(-1, *self.shape)


def _shape(values: int, size_px: int | None) -> tuple[int, int, int] | None:
    """(C, H, W) of an image of so many values; None if no square has them."""
    for channels in (1, 3):
        side = size_px or isqrt(values // channels)
        if channels * side * side == values:
            return channels, side, side
    return None


def recognise(state: State, options: Options) -> Architecture | None:
    """A generator with the weights of a state dict, or None if it is something else."""
    found = numbered(state, "model")
    linear = [(index, value) for index, value in found.items() if value.ndim == 2]
    if not linear or linear[0][0] != 0:
        return None
    widths = [linear[0][1].shape[1], *(value.shape[0] for _, value in linear)]
    shape = _shape(widths[-1], options.size_px)
    if shape is None:
        return None
    module = MlpGenerator(
        widths, [index + 1 in found and found[index + 1].ndim == 1 for index, _ in linear[:-1]], shape
    )
    if not load(module, state):
        return None
    return Architecture(
        "fully connected generator", module, "generate", (-1.0, 1.0), 0, shape[0], widths[0], method="gan"
    )
