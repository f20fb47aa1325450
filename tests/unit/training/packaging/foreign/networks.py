"""Small networks of each architecture, with weights that differ from their starting values."""

import torch
from torch import nn

from training.packaging.foreign.architectures import animegan, dcgan, mlp, neural_style, resnet, unet


def filled(module: nn.Module, seed: int = 0) -> nn.Module:
    """The module with random weights and running statistics, in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in module.state_dict().items():
        if name.endswith(".filt") or not value.is_floating_point():
            continue
        noise = torch.randn(value.shape, generator=generator)
        if name.endswith("running_var"):
            value.copy_(1.0 + 0.2 * noise.abs())
        elif value.ndim == 1 and name.endswith("weight"):
            value.copy_(1.0 + 0.1 * noise)
        else:
            value.copy_(noise * (0.3 if value.ndim == 1 else (1.0 / value[0].numel()) ** 0.5))
    return module.eval()


NETWORKS = {
    "resnet-6-instance": lambda: resnet.ResnetGenerator((3, 3), 4, 6, "instance", True),
    "resnet-9-batch-dropout": lambda: resnet.ResnetGenerator((3, 3), 4, 9, "batch", False, dropout=True),
    "resnet-6-grey-zero-padding": lambda: resnet.ResnetGenerator((1, 3), 4, 6, "batch", False, padded=False),
    "resnet-9-instance-dropout": lambda: resnet.ResnetGenerator((3, 1), 4, 9, "instance", True, dropout=True),
    "unet-128-batch": lambda: unet.UnetGenerator((3, 3), 4, 7, "batch", False),
    "unet-256-instance": lambda: unet.UnetGenerator((1, 1), 2, 8, "instance", True),
    "cut": lambda: resnet.ResnetGenerator((3, 3), 4, 9, "instance", True, blurs=(True, True)),
    "cut-transposed-up": lambda: resnet.ResnetGenerator((3, 3), 4, 9, "instance", True, blurs=(True, False)),
    "dcgan": lambda: dcgan.DcganGenerator([12, 16, 8, 3]),
    "dcgan-discriminator": lambda: dcgan.DcganDiscriminator([3, 8, 16, 1]),
    "fast-neural-style": lambda: neural_style.TransformerNet((3, 3), 4),
    "animegan": animegan.AnimeGenerator,
    "mlp": lambda: mlp.MlpGenerator([10, 16, 32, 48], [False, True], (3, 4, 4)),
}
