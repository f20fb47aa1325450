"""BatchNorm whose statistics are those of the whole batch, over however many processes it is shared out.

torch's own SyncBatchNorm refuses CPU tensors. With one process, and in evaluation mode, these are torch's own layers:
the same code runs, and the names in a `state_dict` are the same.

References:
    S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
    Shift", ICML 2015, Algorithm 1.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _OverProcesses(_BatchNorm):
    """What both layers add to torch's own.

    Attributes:
        processes: how many share a batch; `share_statistics` sets it.
    """

    processes = 1

    def forward(self, x: Tensor) -> Tensor:
        """Normalises by the batch's statistics in training mode, else by the running ones."""
        if self.processes == 1 or not self.training:
            return super().forward(x)
        return _normalise(self, x, self.processes)


class BatchNorm1d(_OverProcesses, nn.BatchNorm1d):
    """(N, C) -> (N, C); N is this process's share of the batch."""


class BatchNorm2d(_OverProcesses, nn.BatchNorm2d):
    """(N, C, H, W) -> (N, C, H, W); N is this process's share of the batch."""


def share_statistics(network: nn.Module, processes: int) -> None:
    """Sets the number of processes that share a network's batches; 1 makes it work alone.

    Every one of these processes has to run the network, forward and backward, in the same order as the others: each
    layer waits for all.
    """
    for module in network.modules():
        if isinstance(module, _OverProcesses):
            module.processes = processes


class _SumOverProcesses(torch.autograd.Function):
    """The sum of every process's tensor. The loss of all depends on it, so that its gradient is a sum over all too.

    Backward is the function itself, and may be differentiated again.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return _sum(grads[0])


def _sum(x: Tensor) -> Tensor:
    total: Tensor = _SumOverProcesses.apply(x)  # type: ignore[no-untyped-call]  # torch's own has no types
    return total


def _normalise(norm: _BatchNorm, x: Tensor, processes: int) -> Tensor:
    """Algorithm 1 over the rows of all processes, each with as many; in float32, as torch's own under autocast."""
    dims = [0, *range(2, x.ndim)]
    shape = [1, -1] + [1] * (x.ndim - 2)
    wide = x.float()
    # Twice over the data and the network: a variance from E x^2 - (E x)^2 would lose its digits.
    mean = _sum(wide.mean(dims)) / processes
    centred = wide - mean.view(shape)
    var = _sum(centred.square().mean(dims)) / processes
    if norm.track_running_stats:
        _track(norm, mean.detach(), var.detach(), count=processes * x.numel() // x.shape[1])
    scale = torch.rsqrt(var + norm.eps)
    if norm.affine:
        scale = scale * norm.weight
    out: Tensor = centred * scale.view(shape)
    return (out + norm.bias.view(shape) if norm.affine else out).to(x.dtype)


@torch.no_grad()
def _track(norm: _BatchNorm, mean: Tensor, var: Tensor, count: int) -> None:
    """Moves the running statistics as torch's own layer does: the variance is the unbiased one."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked += 1
    share = 1.0 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean, share)
    norm.running_var.lerp_(var * (count / (count - 1)), share)
