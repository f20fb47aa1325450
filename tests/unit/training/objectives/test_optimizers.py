from dataclasses import replace

import pytest
import torch

from training.config import Adam, Sgd
from training.objectives import optimizers
from training.objectives.optimizers import Steps


def schedule(config, steps, total_steps=100, steps_per_epoch=4):
    """(learning rate, momentum or None) that each of `steps` updates uses."""
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer, scheduler = optimizers.build(config, [weight], Steps(total_steps, steps_per_epoch))
    used = []
    for _ in range(steps):
        group = optimizer.param_groups[0]
        used.append((group["lr"], group.get("momentum")))
        weight.grad = torch.ones(2)
        optimizer.step()
        scheduler.step()
    return used


def test_the_learning_rate_is_divided_by_1_000004_at_every_update():
    rates = [rate for rate, _ in schedule(Sgd(), 500)]
    assert rates == pytest.approx([0.1 / 1.000004**step for step in range(500)], rel=1e-12)


def test_the_learning_rate_has_a_floor():
    rates = [rate for rate, _ in schedule(Sgd(lr_decay=2.0, min_lr=0.01), 10)]
    assert rates[:4] == pytest.approx([0.1, 0.05, 0.025, 0.0125])
    assert rates[4:] == pytest.approx([0.01] * 6)


def test_momentum_grows_linearly_over_250_epochs_and_then_stays():
    momenta = [momentum for _, momentum in schedule(Sgd(), 1_100, steps_per_epoch=4)]
    assert momenta == pytest.approx([min(0.7, 0.5 + 0.2 * step / 1_000) for step in range(1_100)])


def test_the_first_gans_numbers_are_the_defaults():
    assert Sgd() == Sgd(lr=0.1, lr_decay=1.000004, min_lr=1e-6, momentum=0.5, final_momentum=0.7, momentum_epochs=250)


def test_adam_keeps_its_rate_and_then_falls_linearly_to_zero():
    rates = [rate for rate, _ in schedule(Adam(lr=1e-3, constant_share=0.6), 101)]
    assert rates[:60] == pytest.approx([1e-3] * 60)
    assert rates[60:] == pytest.approx([1e-3 * (100 - step) / 40 for step in range(60, 101)])
    assert rates[100] == 0.0


def test_adam_is_constant_by_default():
    assert {rate for rate, _ in schedule(Adam(), 100)} == {2e-4}


def test_adams_betas_reach_the_optimizer():
    optimizer, _ = optimizers.build(Adam(betas=(0.1, 0.9)), [torch.nn.Parameter(torch.ones(1))], Steps(10, 1))
    assert optimizer.param_groups[0]["betas"] == (0.1, 0.9)


@pytest.mark.parametrize("config", [Sgd(lr_decay=1.01), Adam(constant_share=0.2)])
def test_a_schedule_goes_on_where_its_state_stood(config):
    def make():
        weight = torch.nn.Parameter(torch.ones(2))
        return weight, *optimizers.build(replace(config), [weight], Steps(100, 4))

    def advance(weight, optimizer, scheduler, steps):
        for _ in range(steps):
            weight.grad = weight.detach().clone()
            optimizer.step()
            scheduler.step()

    whole, first, second = make(), make(), make()
    advance(*whole, 40)
    advance(*first, 20)
    with torch.no_grad():
        second[0].copy_(first[0])
    second[1].load_state_dict(first[1].state_dict())
    second[2].load_state_dict(first[2].state_dict())
    advance(*second, 20)
    assert torch.equal(whole[0], second[0])
    assert whole[1].param_groups[0]["lr"] == second[1].param_groups[0]["lr"]


def test_what_adam_remembers_takes_the_layout_of_its_weight():
    """As after a checkpoint of a GPU, whose weights lie otherwise in memory: the next update is the same."""

    def start(layout):
        torch.manual_seed(0)
        weight = torch.nn.Parameter(torch.randn(3, 4, 2, 2).contiguous(memory_format=layout))
        optimizer, _ = optimizers.build(Adam(), [weight], Steps(10, 1))
        return weight, optimizer

    def step(weight, optimizer):
        torch.manual_seed(1)
        weight.grad = torch.empty_like(weight).copy_(torch.randn(3, 4, 2, 2))
        optimizer.step()

    there, optimizer = start(torch.channels_last)
    step(there, optimizer)
    here, again = start(torch.contiguous_format)
    here.data.copy_(there.data)
    again.load_state_dict(optimizer.state_dict())
    optimizers.lay_out(again)
    assert again.state[here]["exp_avg"].stride() == here.stride()
    step(there, optimizer)
    step(here, again)
    torch.testing.assert_close(here.data, there.data.contiguous())


class Elsewhere:
    """A weight on a device that this machine does not have, and what an optimiser remembered of it on another one."""

    def __init__(self, kind):
        self.weight = torch.nn.Parameter(torch.empty(2, 2, device="meta"))
        self.optimizer = kind([self.weight], lr=0.1)
        self.optimizer.state[self.weight] = {"step": torch.tensor(3.0)}


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.RMSprop])
def test_a_checkpoint_of_a_cpu_goes_on_where_steps_are_captured(monkeypatch, kind):
    monkeypatch.setattr(optimizers, "_is_gpu", lambda device: device.type == "meta")
    there = Elsewhere(kind)
    del there.optimizer.param_groups[0]["capturable"]  # as in checkpoints from before steps were captured
    optimizers.lay_out(there.optimizer)
    assert there.optimizer.param_groups[0]["capturable"]
    assert there.optimizer.state[there.weight]["step"].device.type == "meta"
    if kind is torch.optim.Adam:  # whose rate changes
        assert there.optimizer.param_groups[0]["lr"].device.type == "meta"
    else:
        assert there.optimizer.param_groups[0]["lr"] == 0.1


def test_sgd_keeps_its_numbers_on_the_host(monkeypatch):
    monkeypatch.setattr(optimizers, "_is_gpu", lambda device: device.type == "meta")
    there = Elsewhere(torch.optim.SGD)
    optimizers.lay_out(there.optimizer)
    assert there.optimizer.param_groups[0]["lr"] == 0.1
    assert "capturable" not in there.optimizer.param_groups[0]


def test_a_checkpoint_of_a_gpu_goes_on_on_a_cpu():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer, schedule = optimizers.build(Adam(constant_share=0.0), [weight], Steps(10, 1))
    optimizer.param_groups[0].update(capturable=True, lr=torch.tensor(0.5))
    optimizers.lay_out(optimizer)
    assert optimizer.param_groups[0]["capturable"] is False
    assert optimizer.param_groups[0]["lr"] == 0.5
    weight.grad = torch.ones(2)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.9 * Adam().lr)


def test_a_schedule_takes_its_step_from_older_checkpoints_and_nothing_else():
    weight = torch.nn.Parameter(torch.ones(2))
    _, schedule = optimizers.build(Adam(constant_share=0.0), [weight], Steps(10, 1))
    schedule.load_state_dict({"last_epoch": 4, "base_lrs": [7.0], "_last_lr": [3.0], "lr_lambdas": [None]})
    assert schedule.state_dict() == {"last_epoch": 4}
    assert schedule.base_lrs == [Adam().lr]
