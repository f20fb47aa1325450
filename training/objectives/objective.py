"""The base class of every objective: named networks, optimisers and averages, the step, state and gradient reduction.

Independent of any method's losses and of files.
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
        moved: names of the optimisers that took a step.
    """

    losses: dict[str, Tensor]
    moved: tuple[str, ...]


class Objective(ABC):
    """Networks, optimisers and one step of training.

    Attributes:
        finished_description: how the finished networks were changed after training, for model cards; None if they
            were not.

    A single process on a GPU replays its steps as CUDA graphs, one per phase (docs/decisions/0007-cuda-graphs.md).
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
        """Runs one training step on this process's share of a batch.

        Returns:
            Named scalars, detached: losses and mean outputs. The next step may overwrite them.
        """
        result = self._graphs(batch, self._kind()) if self._can_be_captured() else self._run_step(batch)
        for name in result.moved:
            self.schedulers[name].step()
        self.count()
        return result.losses

    @abstractmethod
    def play(self, batch: Any) -> dict[str, Tensor]:
        """The computation of one step; see `step`.

        Must be replayable as a CUDA graph: it depends on no host state but `phase` and `frozen`, changes no host
        state, and samples random numbers on the device.
        """

    def phase(self) -> Hashable | None:
        """The kind of the next step, derived from the counters. Steps of one phase launch the same operations.

        None marks a step that cannot be replayed.
        """
        return ()

    def count(self) -> None:
        """Advances the counters after a step."""
        self.counters["steps"] += 1

    def _run_step(self, batch: Any) -> StepResult:
        self._moved = []
        try:
            losses = self.play(batch)
        except BaseException:
            for network in self.networks.values():  # restore the state between steps, so that the caller can retry
                network.requires_grad_(True).train()
            raise
        return StepResult(losses, tuple(self._moved))

    def _kind(self) -> tuple[Hashable, frozenset[str]] | None:
        phase = self.phase()
        return None if phase is None else (phase, self.frozen)

    def _can_be_captured(self) -> bool:
        """Whether steps can be captured: Adam and RMSprop can be; SGD's momentum changes on the host."""
        groups = (group for optimizer in self.optimizers.values() for group in optimizer.param_groups)
        return self.fabric.world_size == 1 and all(group.get("capturable") for group in groups)

    def margins(self, losses: Mapping[str, float]) -> dict[str, float]:
        """The margin of each discriminator: D(x) - D(G(z)), -1 ... 1.

        Args:
            losses: what `step` returned.

        Returns:
            By name of the discriminator; empty if its outputs are unbounded.
        """
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Everything that training changes, by part and name."""
        return {**self._states(_PARTS), "counters": dict(self.counters)}

    def finished_state(self) -> dict[str, Any]:
        """The part of the state that the finished networks need."""
        return self._states(_WEIGHTS)

    def load_finished_state(self, state: dict[str, Any]) -> None:
        """Restores what `finished_state` returned. The objective can then generate, but not resume training.

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
        """Registers networks: moves them to the device and creates one optimiser for them.

        Args:
            name: the optimiser's name.
            networks: by name; the order must be the same in every run.
            config: the optimiser's settings.
            steps: the length of the run and of an epoch, for schedules.
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
        """Takes one optimiser step on `loss` and updates the moving averages; does nothing if the optimiser is frozen.

        Gradients are averaged over all processes.
        """
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
        """This process's rows of a tensor that is identical in every process."""
        return rows[self.fabric.global_rank :: self.fabric.world_size]

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes, in the order of the global batch: the inverse of `share`."""
        if self.fabric.world_size == 1:
            return rows
        gathered = self.fabric.all_gather(rows)  # (processes, rows, ...)
        assert isinstance(gathered, Tensor)
        return gathered.transpose(0, 1).flatten(0, 1)

    def _parameters(self, name: str) -> list[nn.Parameter]:
        return [weight for network in self._trained[name] for weight in self.networks[network].parameters()]

    def _share_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        # Not DistributedDataParallel: its reducer expects a backward pass through the same weights after every forward
        # pass, which adversarial steps do not do.
        if self.fabric.world_size == 1:
            return
        grads = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([grad.flatten() for grad in grads])
        mean = self.fabric.all_reduce(flat, reduce_op="mean")
        assert isinstance(mean, Tensor)
        for grad, part in zip(grads, mean.split([g.numel() for g in grads]), strict=True):
            grad.copy_(part.view_as(grad))


def _lay_channels_last(network: nn.Module) -> None:
    """Converts convolution weights to channels-last, the layout that tensor cores prefer.

    On a CPU it makes no difference for DCGAN and slows translators down (docs/training-speed.md).
    """
    for weight in network.parameters():
        if weight.ndim == 4:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)


_WEIGHTS = ("networks", "averages")
_PARTS = (*_WEIGHTS, "optimizers", "schedulers")
