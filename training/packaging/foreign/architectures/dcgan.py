"""Generator and discriminator of pytorch/examples' DCGAN, of any number of levels.

References:
    A. Radford et al. (2015), Unsupervised representation learning with deep convolutional generative adversarial
    networks.
"""

from itertools import pairwise

from torch import Tensor, nn

from training.packaging.foreign.architectures.architecture import Architecture, Options, State, load, numbered


class DcganGenerator(nn.Module):
    """k4 s1 p0, then k4 s2 p1 transposed convolutions with BatchNorm and ReLU; tanh at the end.

    Args:
        widths: numbers of a latent, channels of every level, channels of the image.
    """

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (given, made) in enumerate(pairwise(widths)):
            stride, padding = (1, 0) if index == 0 else (2, 1)
            layers += [nn.ConvTranspose2d(given, made, 4, stride, padding, bias=False)]
            layers += [nn.Tanh()] if index == len(widths) - 2 else [nn.BatchNorm2d(made), nn.ReLU()]
        self.main = nn.Sequential(*layers)

    def forward(self, latents: Tensor) -> Tensor:
        """(N, z_dim) to (N, C, H, W) in [-1, 1]; the original takes (N, z_dim, 1, 1)."""
        images: Tensor = self.main(latents[:, :, None, None])
        return images


class DcganDiscriminator(nn.Module):
    """k4 s2 p1 convolutions with LeakyReLU, BatchNorm except on the first, then k4 s1 p0.

    Args:
        widths: channels of the image, of every level, and 1.
    """

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (given, made) in enumerate(pairwise(widths)):
            is_last = index == len(widths) - 2
            layers += [nn.Conv2d(given, made, 4, 1 if is_last else 2, 0 if is_last else 1, bias=False)]
            if not is_last:
                layers += [*([nn.BatchNorm2d(made)] if index else []), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [-1, 1] to (N, 1) logits: without the original's sigmoid."""
        logits: Tensor = self.main(images)
        return logits.flatten(1)


def recognise(state: State, options: Options) -> Architecture | None:
    """A generator or discriminator with the weights of a state dict, or None if it is something else."""
    del options
    kernels = [value for value in numbered(state, "main").values() if value.ndim == 4]
    if len(kernels) < 3 or any(kernel.shape[2:] != (4, 4) for kernel in kernels):
        return None
    # A transposed convolution's weight names its input first, so that the two tasks cannot be confused.
    upward = [kernels[0].shape[0], *(kernel.shape[1] for kernel in kernels)]
    generator = DcganGenerator(upward)
    if load(generator, state):
        side = 4 * 2 ** (len(kernels) - 1)
        name = f"DCGAN generator of pytorch/examples, {side} px"
        return Architecture(name, generator, "generate", (-1.0, 1.0), 0, upward[-1], upward[0], method="dcgan")
    downward = [kernels[0].shape[1], *(kernel.shape[0] for kernel in kernels)]
    discriminator = DcganDiscriminator(downward)
    if downward[-1] == 1 and load(discriminator, state):
        name = "DCGAN discriminator of pytorch/examples"
        return Architecture(name, discriminator, "discriminate", (-1.0, 1.0), downward[0], 0, method="dcgan")
    return None
