"""The base of every objective: networks, optimisers and averages by name, state, one step, sums over processes.

Knows nothing about the maths of a method, nor about files.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric as Fabric
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from training.networks.norm import share_statistics
from training.objectives import optimizers
from training.objectives.cuda_graphs import CudaGraphs
from training.objectives.ema import create_ema, update_ema
from training.objectives.optimizers import OptimizerConfig, Steps


class StepResult(NamedTuple):
    """The result of one step.

    Attributes:
        losses: named scalars, detached.
        moved: optimisers that took a step.
    """

    losses: dict[str, Tensor]
    moved: tuple[str, ...]


class Objective(ABC):
    """Networks, optimisers and one step of training.

    Attributes:
        finished_description: how the finished networks were changed after training, for cards; None if they were not.

    One process on one GPU replays its steps as CUDA graphs, one for each phase (docs/decisions/0007-cuda-graphs.md).
    """

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric
        self.networks: dict[str, nn.Module] = {}
        self._trained: dict[str, tuple[str, ...]] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.schedulers: dict[str, LRScheduler] = {}
        self.averages: dict[str, AveragedModel] = {}
        self.counters: dict[str, int] = {"steps": 0}
        self.frozen: frozenset[str] = frozenset()
        self.finished_description: str | None = None
        self._decays: dict[str, float] = {}
        self._moved: list[str] = []
        self._graphs = CudaGraphs(self._run_step)

    def step(self, batch: Any) -> dict[str, Tensor]:
        """Trains on this process's share of a batch.

        Returns:
            Named scalars, detached: losses and mean outputs. The next step may write over them.
        """
        result = self._graphs(batch, self._kind()) if self._can_be_captured() else self._run_step(batch)
        for name in result.moved:
            self.schedulers[name].step()
        self.count()
        return result.losses

    @abstractmethod
    def play(self, batch: Any) -> dict[str, Tensor]:
        """What a step computes: see `step`.

        Of what the host knows it depends on `phase` and `frozen` alone, and it changes nothing that the host keeps;
        random numbers are drawn on the device. This makes it replayable.
        """

    def phase(self) -> Hashable | None:
        """What the next step does, by the counters: steps of one phase differ in their numbers only.

        None is a step that cannot be replayed.
        """
        return ()

    def count(self) -> None:
        """Moves the counters on after a step."""
        self.counters["steps"] += 1

    def _run_step(self, batch: Any) -> StepResult:
        self._moved = []
        try:
            losses = self.play(batch)
        except BaseException:
            for network in self.networks.values():  # as they are between steps, for whoever tries again
                network.requires_grad_(True).train()
            raise
        return StepResult(losses, tuple(self._moved))

    def _kind(self) -> tuple[Hashable, frozenset[str]] | None:
        phase = self.phase()
        return None if phase is None else (phase, self.frozen)

    def _can_be_captured(self) -> bool:
        """SGD's momentum changes from step to step on the host; Adam and RMSprop say that they can be captured."""
        groups = (group for optimizer in self.optimizers.values() for group in optimizer.param_groups)
        return self.fabric.world_size == 1 and all(group.get("capturable") for group in groups)

    def margins(self, losses: Mapping[str, float]) -> dict[str, float]:
        """The margin of each discriminator: D(x) - D(G(z)), -1 ... 1.

        Args:
            losses: what `step` returned.

        Returns:
            By name of the discriminator; nothing where a discriminator has no bounds.
        """
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Everything that training changes, by part and name."""
        return {**self._states(_PARTS), "counters": dict(self.counters)}

    def finished_state(self) -> dict[str, Any]:
        """The part of the state that the finished networks need."""
        return self._states(_WEIGHTS)

    def load_finished_state(self, state: dict[str, Any]) -> None:
        """Restores what `finished_state` returned; such an objective can be used, but not trained on.

        Raises:
            ValueError: the state is of other networks.
        """
        self._load_states(state, _WEIGHTS)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restores what `state_dict` returned.

        Raises:
            ValueError: the state is of other networks.
        """
        self.counters |= state.get("counters", {})
        self._load_states(state, _PARTS)

    def _states(self, parts: Iterable[str]) -> dict[str, Any]:
        return {part: {name: module.state_dict() for name, module in getattr(self, part).items()} for part in parts}

    def _load_states(self, state: dict[str, Any], parts: Iterable[str]) -> None:
        for part in parts:
            modules = getattr(self, part)
            if set(modules) != set(state[part]):
                raise ValueError(f"the checkpoint's {part} are {sorted(state[part])}, not {sorted(modules)}")
            for name, module in modules.items():
                module.load_state_dict(state[part][name])
                if isinstance(module, Optimizer):
                    optimizers.lay_out(module)

    def add(self, name: str, networks: dict[str, nn.Module], config: OptimizerConfig, steps: Steps) -> None:
        """Takes networks over: moves them to the device, and trains them with one optimiser.

        Args:
            name: of the optimiser.
            networks: by name, in an order that stays.
            config: the optimiser's settings.
            steps: the length of the run and of an epoch, which schedules need.
        """
        for network in networks.values():
            network.to(self.fabric.device)
            if self.fabric.device.type == "cuda":
                _lay_channels_last(network)
            share_statistics(network, self.fabric.world_size)
        self.networks |= networks
        self._trained[name] = tuple(networks)
        self.optimizers[name], self.schedulers[name] = optimizers.build(config, self._parameters(name), steps)

    def average(self, name: str, decay: float) -> None:
        """Maintains an exponential moving average of a network, unless decay is 0. `descend` updates it."""
        if decay > 0.0:
            self.averages[name] = create_ema(self.networks[name], self.fabric.device)
            self._decays[name] = decay

    def descend(self, name: str, loss: Tensor) -> None:
        """One step of an optimiser on `loss`, with gradients averaged over all processes; none if it is frozen."""
        if name in self.frozen:
            return
        optimizer = self.optimizers[name]
        optimizer.zero_grad()
        self.fabric.backward(loss)
        self._share_gradients(self._parameters(name))
        optimizer.step()
        self._moved.append(name)
        for network in self._trained[name]:
            if network in self.averages:
                update_ema(self.averages[network], self.networks[network], self._decays[network])

    def share(self, rows: Tensor) -> Tensor:
        """This process's rows of a tensor that every process has drawn alike."""
        return rows[self.fabric.global_rank :: self.fabric.world_size]

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes, in the order of the global batch: what `share` takes apart."""
        if self.fabric.world_size == 1:
            return rows
        gathered = self.fabric.all_gather(rows)  # (processes, rows, ...)
        assert isinstance(gathered, Tensor)
        return gathered.transpose(0, 1).flatten(0, 1)

    def _parameters(self, name: str) -> list[nn.Parameter]:
        return [weight for network in self._trained[name] for weight in self.networks[network].parameters()]

    def _share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        # By hand, not by DistributedDataParallel: its reducer expects every forward to be followed by a backward
        # through the same weights, which the two players' steps do not do.
        if self.fabric.world_size == 1:
            return
        grads = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([grad.flatten() for grad in grads])
        mean = self.fabric.all_reduce(flat, reduce_op="mean")
        assert isinstance(mean, Tensor)
        for grad, part in zip(grads, mean.split([g.numel() for g in grads]), strict=True):
            grad.copy_(part.view_as(grad))


def _lay_channels_last(network: nn.Module) -> None:
    """As tensor cores want it. On a CPU it is neutral for DCGAN and slower for translators (docs/training-speed.md)."""
    for weight in network.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)


_WEIGHTS = ("networks", "averages")
_PARTS = (*_WEIGHTS, "optimizers", "schedulers")
