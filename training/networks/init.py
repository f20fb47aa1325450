"""Weight initialisation of convolutional networks.

References:
    A. Radford et al. (2015), section 4: weights from N(0, 0.02^2).
    K. He et al., "Delving Deep into Rectifiers", ICCV 2015, Equation 10.
"""

import torch
from torch import nn

_STD = 0.02


@torch.no_grad()
def init(network: nn.Module, kind: str) -> None:
    """Initialises a convolutional network: `normal` or `he`, see `training.config.ConvGenerator`."""
    init_normal(network)
    if kind == "he":
        for module in network.modules():
            if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_uniform_(module.weight, mode="fan_in", nonlinearity="relu")


@torch.no_grad()
def init_normal(network: nn.Module) -> None:
    """Initialises weights from N(0, 0.02^2) and a norm's gamma from N(1, 0.02^2), biases and beta to 0."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, _STD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.InstanceNorm2d) and module.affine:
            nn.init.normal_(module.weight, 1.0, _STD)
            nn.init.zeros_(module.bias)
