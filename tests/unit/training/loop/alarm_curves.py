"""What an objective's step does, update by update."""

from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor

from training.objectives import Objective


class Update(NamedTuple):
    """One call of `Objective.descend`.

    Attributes:
        name: of the optimiser.
        loss: what it descended.
        expected: what `reckon` said just before.
        gradients: of each network's weights, where there are any.
        moved: the networks whose weights changed.
    """

    name: str
    loss: Tensor
    expected: object
    gradients: dict[str, list[Tensor]]
    moved: set[str]


def watch(objective: Objective, reckon: Callable[[str], object] = lambda name: None) -> list[Update]:
    """Writes down every update from now on.

    Args:
        objective: to be watched.
        reckon: told the optimiser's name before it moves anything, to compute by hand what should come.
    """
    updates: list[Update] = []
    descend = objective.descend

    def watched(name: str, loss: Tensor) -> None:
        networks = objective.networks
        before, expected = deepcopy({key: network.state_dict() for key, network in networks.items()}), reckon(name)
        for network in networks.values():
            network.zero_grad(set_to_none=True)
        descend(name, loss)
        gradients = {
            key: [p.grad.clone() for p in network.parameters() if p.grad is not None]
            for key, network in networks.items()
        }
        moved = {
            key
            for key, network in networks.items()
            if any(not torch.equal(value, before[key][part]) for part, value in network.state_dict().items())
        }
        updates.append(Update(name, loss.detach(), expected, {k: g for k, g in gradients.items() if g}, moved))

    objective.descend = watched  # type: ignore[method-assign]  # to watch it
    return updates
