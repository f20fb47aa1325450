"""Optimisers and their schedules, from a configuration."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from training.config import Adam, RmsProp, Sgd

OptimizerConfig = Sgd | RmsProp | Adam


class Steps(NamedTuple):
    """The length of a run and of an epoch, in updates."""

    total: int
    per_epoch: int


class FactorLR(LambdaLR):
    """A learning rate multiplied by a function of the step. Its state is the step; the rest comes from the config."""

    def __init__(self, optimizer: torch.optim.Optimizer, lr: float, factor: Callable[[int], float]) -> None:
        super().__init__(optimizer, factor)
        self.base_lrs = [lr] * len(optimizer.param_groups)  # floats; the optimiser's rate may be a GPU tensor

    def state_dict(self) -> dict[str, Any]:
        """The step."""
        return {"last_epoch": self.last_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` returned."""
        # LambdaLR's own method expects its lambdas. Other entries of older checkpoints are ignored.
        LRScheduler.load_state_dict(self, {"last_epoch": state_dict["last_epoch"]})


class MomentumLR(FactorLR):
    """A learning rate that shrinks at every step while the momentum grows linearly.

    References:
        The hyper-parameters published with Goodfellow et al. (2014).
    """

    def __init__(self, optimizer: torch.optim.SGD, config: Sgd, steps_per_epoch: int) -> None:
        self._config, self._steps = config, config.momentum_epochs * steps_per_epoch
        floor = config.min_lr / config.lr
        super().__init__(optimizer, config.lr, lambda step: max(config.lr_decay**-step, floor))

    def get_lr(self) -> Any:
        """The learning rate of the next step; also sets that step's momentum."""
        share = min(1.0, self.last_epoch / self._steps)
        momentum = self._config.momentum + share * (self._config.final_momentum - self._config.momentum)
        for group in self.optimizer.param_groups:
            group["momentum"] = momentum
        return super().get_lr()


def lay_out(optimizer: torch.optim.Optimizer) -> None:
    """Converts an optimiser's state to the memory layout of its weights, and its learning rate to the device's type.

    A checkpoint may come from another device with another layout, and fused updates require the layouts to match.
    """
    captures = False
    for group in optimizer.param_groups:
        device = group["params"][0].device
        if not isinstance(optimizer, torch.optim.SGD):
            captures = group["capturable"] = _is_gpu(device)
        if isinstance(optimizer, torch.optim.Adam):
            group["lr"] = _rate(float(group["lr"]), device)
    for weight, remembered in optimizer.state.items():
        if captures and "step" in remembered:
            remembered["step"] = remembered["step"].to(weight.device)
        for name, value in remembered.items():
            if isinstance(value, Tensor) and value.shape == weight.shape and value.stride() != weight.stride():
                remembered[name] = torch.empty_like(weight, dtype=value.dtype).copy_(value)


def build(
    config: OptimizerConfig, parameters: Sequence[nn.Parameter], steps: Steps
) -> tuple[torch.optim.Optimizer, LRScheduler]:
    """Builds an optimiser and the schedule that is stepped after each of its updates."""
    if isinstance(config, Sgd):
        sgd = torch.optim.SGD(parameters, lr=config.lr, momentum=config.momentum)
        return sgd, MomentumLR(sgd, config, steps.per_epoch)
    device = parameters[0].device
    on_gpu = _is_gpu(device)
    if isinstance(config, RmsProp):
        rmsprop = torch.optim.RMSprop(parameters, lr=config.lr, capturable=on_gpu)
        return rmsprop, FactorLR(rmsprop, config.lr, lambda _: 1.0)
    adam = torch.optim.Adam(
        parameters,
        lr=_rate(config.lr, device),
        betas=config.betas,
        weight_decay=config.weight_decay,
        fused=True,
        capturable=on_gpu,
    )
    constant = config.constant_share * steps.total

    def factor(step: int) -> float:
        return 1.0 if step < constant else max(0.0, (steps.total - step) / max(1.0, steps.total - constant))

    return adam, FactorLR(adam, config.lr, factor)


def _rate(lr: float, device: torch.device) -> float | Tensor:
    """A learning rate; on a GPU a tensor in device memory, where a captured step reads the current value."""
    return torch.tensor(lr, device=device) if _is_gpu(device) else lr


def _is_gpu(device: torch.device) -> bool:
    return device.type == "cuda"
