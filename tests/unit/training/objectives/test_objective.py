"""What all objectives share: the average of the weights, and rows shared over processes."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from training.objectives import Objective
from training.objectives.ema import update_ema


@pytest.fixture
def weight():
    """One weight, the network that has it, and its average."""
    network = nn.Linear(1, 1, bias=False)

    def average(decay):
        averaged = AveragedModel(network)

        def update(value):
            with torch.no_grad():
                network.weight.fill_(value)
            update_ema(averaged, network, decay)
            return float(averaged.module.weight.detach())

        update.averaged = averaged
        return update

    return average


def test_the_first_average_is_the_weight_itself(weight):
    assert weight(0.999)(7.0) == 7.0


def test_the_start_is_forgotten_after_a_few_updates(weight):
    update = weight(0.999)
    update(100.0)
    found = [update(0.0) for _ in range(20)]
    assert found[-1] < 1e-3
    assert 100.0 * 0.999**20 > 98.0  # what a plain average would hold


def test_update_n_has_the_decay_1_plus_n_over_10_plus_n_until_that_is_larger(weight):
    update = weight(0.9)
    expected = update(0.0)
    for n in range(1, 120):
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1.0 - decay) * n
        assert update(n) == pytest.approx(expected, rel=1e-5)


def test_a_warm_average_is_the_plain_one(weight):
    update = weight(0.9)
    for _ in range(100):
        expected = update(1.0)
    for value in (3.0, -1.0, 0.5):
        expected = 0.9 * expected + 0.1 * value
        assert update(value) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("updates", [3, 200])
def test_an_average_goes_on_where_its_state_stood(weight, updates):
    first, second = weight(0.9), weight(0.9)
    for value in range(updates):
        first(float(value))
    second.averaged.load_state_dict(first.averaged.state_dict())
    assert [first(value) for value in (5.0, -2.0)] == [second(value) for value in (5.0, -2.0)]


class Elsewhere(Objective):
    """An objective on a device that this machine does not have."""

    def __init__(self):
        super().__init__(SimpleNamespace(device=torch.device("meta"), world_size=1))
        self.networks = {"generator": nn.Linear(2, 2, device="meta")}

    def play(self, batch):
        return {}


def test_all_of_an_average_lies_where_the_network_does():
    """Its count too: a captured step would keep the number that the host saw."""
    objective = Elsewhere()
    objective.average("generator", 0.9)
    average = objective.averages["generator"]
    assert {part.device.type for part in average.state_dict().values()} == {"meta"}
    update_ema(average, objective.networks["generator"], 0.9)  # reads nothing back, which meta tensors would refuse


class Failing(Elsewhere):
    """A step that fails half way."""

    def play(self, batch):
        self.networks["generator"].requires_grad_(False).eval()
        raise RuntimeError("half way")


def test_a_step_that_fails_leaves_the_networks_as_they_are_between_steps():
    objective = Failing()
    with pytest.raises(RuntimeError, match="half way"):
        objective._run_step(None)
    generator = objective.networks["generator"]
    assert generator.training
    assert all(weight.requires_grad for weight in generator.parameters())
