"""BatchNorm over processes: what two processes compute is what one computes of the doubled batch."""

from copy import deepcopy

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing import spawn

from training.networks.norm import BatchNorm1d, BatchNorm2d, share_statistics


def make(kind, affine=True, momentum=0.1):
    torch.manual_seed(1)
    norm = kind(3, affine=affine, momentum=momentum)
    if affine:
        nn.init.normal_(norm.weight, 1.0, 0.3)
        nn.init.normal_(norm.bias)
    return norm


def rows(kind):
    """Rows whose two halves differ much, so that statistics of a half alone would be far off."""
    torch.manual_seed(2)
    x = torch.randn(8, 3, 4, 4) + torch.arange(8.0)[:, None, None, None]
    return x if kind in (BatchNorm2d, nn.BatchNorm2d) else x[:, :, 0, 0].contiguous()


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize(("ours", "torchs"), [(BatchNorm1d, nn.BatchNorm1d), (BatchNorm2d, nn.BatchNorm2d)])
def test_alone_it_is_torchs_own_to_the_bit(ours, torchs, momentum):
    results = []
    for kind in (ours, torchs):
        norm, x = make(kind, momentum=momentum), rows(kind).requires_grad_()
        for _ in range(2):
            y = norm(x)
        (y**3).sum().backward()
        results.append([y, x.grad, norm.weight.grad, *norm.state_dict().values(), norm.eval()(x)])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))
    assert list(make(ours).state_dict()) == list(make(torchs).state_dict())


def test_copies_work_alone_when_they_are_told_to():
    network = nn.Sequential(nn.Linear(2, 3), BatchNorm1d(3))
    share_statistics(network, 2)
    copy = deepcopy(network)
    assert copy[1].processes == 2
    share_statistics(copy, 1)
    copy(torch.randn(4, 2))  # would wait for another process
    assert (network[1].processes, copy[1].processes) == (2, 1)
    network.eval()(torch.randn(4, 2))  # nobody is needed for running statistics


def _work(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    results = []
    for kind in (BatchNorm1d, BatchNorm2d):
        for affine, momentum in ((True, 0.1), (False, None)):
            norm, x = make(kind, affine, momentum), rows(kind)[rank::2].requires_grad_()
            share_statistics(norm, 2)
            y = norm(x)
            (y**3).mean().backward()
            grads = [x.grad / 2.0]
            if affine:
                for weight in norm.parameters():  # as `Objective` does it
                    dist.all_reduce(weight.grad)
                    grads.append(weight.grad / 2.0)
            results.append((y.detach(), grads, deepcopy(norm.state_dict())))
            half = norm(x.detach().bfloat16())
            assert half.dtype == torch.bfloat16
    torch.save(results, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def test_two_processes_compute_what_one_does(tmp_path):
    spawn(_work, (str(tmp_path),), nprocs=2)
    halves = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    results = iter(zip(*halves, strict=True))
    for kind in (nn.BatchNorm1d, nn.BatchNorm2d):
        for affine, momentum in ((True, 0.1), (False, None)):
            norm, x = make(kind, affine, momentum), rows(kind).requires_grad_()
            y = norm(x)
            (y**3).mean().backward()
            for rank, (output, grads, state) in enumerate(next(results)):
                torch.testing.assert_close(output, y[rank::2].detach(), rtol=1e-5, atol=1e-5)
                expected = [x.grad[rank::2], *(weight.grad for weight in norm.parameters())]
                torch.testing.assert_close(grads, expected, rtol=1e-5, atol=1e-5)
                torch.testing.assert_close(state, dict(norm.state_dict()), rtol=1e-5, atol=1e-6)
