"""Measures how fast a configuration trains on a device, and its memory use, by timing real steps.

Independent of how the numbers are used.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import mean, median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from training import objectives
from training.config import CycleganConfig, DcganConfig, TrainingConfig, WganConfig, WganGpConfig
from training.data import ImageSet, PairSet, open_stream, place
from training.objectives import Objective
from training.objectives.objective import Fabric

_BUDGET_S = 10.0


class Timing(NamedTuple):
    """Measurements of steps on real data.

    Attributes:
        step_s: median time of a step; if steps differ, the mean over one period of them, or over the parts of a run.
        images_per_s: real images that a discriminator sees per second.
        steps: number of timed steps.
        state_bytes: weights, optimisers and averages; a checkpoint is about as large.
        peak_bytes: peak memory: of torch on a GPU, of the process on a CPU; None if unknown.
        parameters: number of parameters per network.
    """

    step_s: float
    images_per_s: float
    steps: int
    state_bytes: int
    peak_bytes: int | None
    parameters: dict[str, int]


def measure(config: TrainingConfig, data: ImageSet | PairSet, fabric: Fabric, budget_s: float = _BUDGET_S) -> Timing:
    """Trains new networks for a few steps, and discards them.

    Args:
        config: the configuration to train; its length is not used.
        data: the training images.
        fabric: device and precision; one process.
        budget_s: time for the timed steps, in seconds; at least one step is timed.

    Raises:
        DataError: a batch is larger than the data set.
        torch.OutOfMemoryError: a step does not fit into the GPU.
    """
    fabric.seed_everything(config.seed, verbose=False)
    placed = place(data, fabric.device)
    stream, objective = open_stream(config, placed), objectives.build(config, placed, fabric)
    if fabric.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(fabric.device)
    step_s, count = 0.0, 0
    for share, counters in _parts(config):
        objective.counters.update(counters)
        times = _step_times(lambda: objective.step(stream.next()), fabric.device, budget_s * share)
        step_s += share * _typical(times, period_of(config))
        count += len(times)
    return Timing(
        step_s,
        config.batch_size / step_s,
        count,
        _bytes(objective.state_dict()),
        _peak_bytes(fabric.device),
        _parameters(objective),
    )


def _parts(config: TrainingConfig) -> list[tuple[float, dict[str, int]]]:
    """The parts of a run whose steps differ: its share of the run, and an objective's counters there."""
    if isinstance(config, WganConfig):  # past the start, where almost all steps train the critic only
        return [(1.0, {"generator_steps": config.warm_steps + 1})]
    if isinstance(config, CycleganConfig) and config.early_crop_px and config.early_share:
        early = config.early_share
        return [(early, {"steps": 0}), (1.0 - early, {"steps": config.total_steps})]
    return [(1.0, {})]


def _step_times(step: Callable[[], Any], device: torch.device, budget_s: float) -> list[float]:
    """Seconds of each of as many steps as the budget allows, at least one, after a warm-up of one or two steps."""
    # The first steps allocate memory and select kernels. If a step is very slow, one warm-up step has to do.
    if timed(step, device) < budget_s / 4.0:
        step()
    times: list[float] = []
    while not times or sum(times) < budget_s:
        times.append(timed(step, device))
    return times


def _typical(times: Sequence[float], period: int) -> float:
    """The mean over a period of the medians at each position in it; for less than a period, the median of all."""
    if len(times) < period:
        return median(times)
    return mean(median(times[place::period]) for place in range(period))


def timed(work: Callable[[], Any], device: torch.device) -> float:
    """Seconds that some work takes, including its pending work on a GPU."""
    _wait(device)
    started = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - started


def period_of(config: TrainingConfig) -> int:
    """Number of steps after which a method's kinds of steps repeat."""
    if isinstance(config, WganConfig | WganGpConfig):
        return config.n_critic
    return config.r1_every_steps if isinstance(config, DcganConfig) and config.r1_gamma else 1


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _parameters(objective: Objective) -> dict[str, int]:
    return {name: sum(p.numel() for p in network.parameters()) for name, network in objective.networks.items()}


def _bytes(state: Any) -> int:
    """Memory of all tensors in nested mappings and lists."""
    if isinstance(state, Tensor):
        return state.nbytes
    if isinstance(state, Mapping):
        return sum(_bytes(value) for value in state.values())
    return sum(_bytes(value) for value in state) if isinstance(state, list | tuple) else 0


def _peak_bytes(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
