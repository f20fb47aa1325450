"""Exponential moving averages (EMA) of a network's weights.

`Objective.average` creates one, and `Objective.descend` updates it after every step of the network's optimiser.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def create_ema(network: nn.Module, device: torch.device) -> AveragedModel:
    """A moving average that starts as a copy of the network.

    Args:
        network: the network to average.
        device: where the average and its update count are stored. A captured CUDA graph would freeze a count on the
            host.
    """
    return AveragedModel(network, device=device)


@torch.no_grad()
def update_ema(average: AveragedModel, network: nn.Module, decay: float) -> None:
    """Updates an exponential moving average in place, with a warm-up that discounts the untrained start.

    Update n has the decay min(decay, (1 + n) / (10 + n)), as in TensorFlow's ExponentialMovingAverage: early in a run
    the average covers about the last tenth of it. The first update copies the network. Buffers are copied, not
    averaged. AveragedModel's own update reads n on the host, which would synchronise with the GPU.

    Args:
        average: the average, as `create_ema` returned it.
        network: the trained network, of the same architecture.
        decay: the highest decay, 0 ... 1.
    """
    n = average.n_averaged
    share = (1.0 - (1 + n) / (10 + n)).clamp_(min=1.0 - decay).masked_fill_(n == 0, 1.0)
    averaged: list[Tensor] = list(average.module.parameters())
    current: list[Tensor] = list(network.parameters())
    shares: Any = [share] * len(averaged)  # the annotation of _foreach_lerp_ allows numbers only
    torch._foreach_lerp_(averaged, current, shares)
    for average_buffer, buffer in zip(average.module.buffers(), network.buffers(), strict=True):
        average_buffer.copy_(buffer)
    n += 1
