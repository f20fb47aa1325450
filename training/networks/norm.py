"""BatchNorm with the statistics of the whole batch, over any number of processes.

torch's own SyncBatchNorm rejects CPU tensors. With one process, and in evaluation mode, these layers run torch's own
code. The names in a `state_dict` are the same.

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
    """The behaviour that both layers add to torch's own.

    Attributes:
        processes: number of processes that share a batch; set by `share_statistics`.
    """

    processes = 1

    def forward(self, x: Tensor) -> Tensor:
        """Normalises by the batch's statistics in training mode, by the running statistics in evaluation mode."""
        if self.processes == 1 or not self.training:
            return super().forward(x)
        return _normalise(self, x, self.processes)


class BatchNorm1d(_OverProcesses, nn.BatchNorm1d):
    """(N, C) -> (N, C); N is this process's share of the batch."""


class BatchNorm2d(_OverProcesses, nn.BatchNorm2d):
    """(N, C, H, W) -> (N, C, H, W); N is this process's share of the batch."""


def share_statistics(network: nn.Module, processes: int) -> None:
    """Sets the number of processes that share a network's batches; 1 disables sharing.

    All of these processes must run the network's forward and backward passes in the same order: each layer waits for
    all of them.
    """
    for module in network.modules():
        if isinstance(module, _OverProcesses):
            module.processes = processes


class _SumOverProcesses(torch.autograd.Function):
    """The sum of a tensor over all processes. Every process's loss depends on it, so its gradient is also such a sum.

    Backward is the function itself and can be differentiated again.
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
    """Algorithm 1 over the rows of all processes, equally many each; in float32, as torch's own under autocast."""
    dims = [0, *range(2, x.ndim)]
    shape = [1, -1] + [1] * (x.ndim - 2)
    wide = x.float()
    # Two passes over the data and two reductions: a variance from E x^2 - (E x)^2 would lose precision.
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
    """Updates the running statistics as torch's own layer does, with the unbiased variance."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked += 1
    share = 1.0 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean, share)
    norm.running_var.lerp_(var * (count / (count - 1)), share)
