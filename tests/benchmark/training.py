"""`make bench-training`: this package's steps beside those of a plain loop, on the same data and batch, in one run.

The two take turns, so that a noisy machine troubles both. The speed-up is the ratio of the two medians over all turns,
and its spread that of the quarters of the turns. Images are random: what they show does not change a step's time.
"""

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple, Protocol

import torch

from tests.benchmark.plain import PlainCyclegan, PlainGan
from tests.benchmark.watch import Watch
from training import objectives
from training.config import CycleganConfig, DcganConfig, GanConfig, TrainingConfig
from training.config.recipes import RECIPES
from training.data import ImageSet, PairSet, open_stream, place
from training.objectives.objective import Fabric
from training.runs import devices

_BY_DEFAULT = ("dcgan-faces", "cyclegan-monet", "cyclegan-monet-small")


class Loop(Protocol):
    """What takes its turn."""

    watch: Watch

    def step(self) -> Any:
        """One step of training."""


class Ours:
    """This package's step, as `train` runs it."""

    def __init__(self, config: TrainingConfig, data: ImageSet | PairSet, fabric: Fabric) -> None:
        self.watch = Watch(fabric.device)
        placed = place(data, fabric.device)
        self.stream = open_stream(config, placed)
        self.objective = objectives.build(config, placed, fabric)
        self.objective.descend = self._timed(self.objective.descend)  # type: ignore[method-assign]  # to time it

    def step(self) -> Any:
        """One step of both players."""
        batch = self.stream.next()
        self.watch.lap("data")
        return self.objective.step(batch)

    def _timed(self, descend: Callable[..., None]) -> Callable[..., None]:
        """What led to an optimiser's step is that player's time."""

        def descend_and_count(name: str, *arguments: Any) -> None:
            descend(name, *arguments)
            self.watch.lap("D" if name == "discriminator" else "G")

        return descend_and_count


class Figures(NamedTuple):
    """Seconds of each turn, and where they went."""

    seconds: dict[str, list[float]]
    parts: dict[str, list[dict[str, float]]]

    @property
    def ratio(self) -> float:
        """How many times as fast this package is."""
        return median(self.seconds["plain"]) / median(self.seconds["ours"])

    def spread(self) -> tuple[float, float]:
        """The smallest and largest ratio of four quarters of the turns; of fewer than four, of single turns."""
        count = len(self.seconds["ours"])
        quarters = min(4, count)
        picked = [slice(quarter * count // quarters, (quarter + 1) * count // quarters) for quarter in range(quarters)]
        ratios = [median(self.seconds["plain"][part]) / median(self.seconds["ours"][part]) for part in picked]
        return min(ratios), max(ratios)


def compare(config: TrainingConfig, rounds: int, cpu_time: bool = False) -> Figures:
    """Both loops in turn, after two steps that are not counted.

    Args:
        config: of GAN, DCGAN or CycleGAN.
        rounds: steps of each.
        cpu_time: counts the process's own seconds instead of the clock's: what other processes do matters less. Means
            something with one thread only.
    """
    fabric = devices.open_fabric(config, "auto", 1)
    data = random_data(config)
    loops: dict[str, Loop] = {"plain": _plain(config, data, fabric.device), "ours": Ours(config, data, fabric)}
    clock = time.process_time if cpu_time else time.perf_counter
    for loop in loops.values():
        loop.watch.clock = clock
    figures = Figures({name: [] for name in loops}, {name: [] for name in loops})
    for turn in range(-2, rounds):
        for name, loop in loops.items():
            loop.watch.start()
            started = clock()
            loop.step()
            loop.watch.lap("rest")
            seconds, parts = clock() - started, loop.watch.take()
            if turn >= 0:
                figures.seconds[name].append(seconds)
                figures.parts[name].append(parts)
    return figures


def _plain(config: TrainingConfig, data: ImageSet | PairSet, device: torch.device) -> Loop:
    if isinstance(config, CycleganConfig):
        assert isinstance(data, PairSet)
        return PlainCyclegan(config, data, device)
    assert isinstance(config, GanConfig | DcganConfig)
    assert isinstance(data, ImageSet)
    return PlainGan(config, data, device)


def random_data(config: TrainingConfig) -> ImageSet | PairSet:
    """Random images of a configuration's size, laid out as a reader of files leaves them."""
    channels, side = (3, config.images.load_px) if config.images else (1, 28)
    count = max(64, 4 * config.batch_size)

    def generate() -> ImageSet:
        images = torch.randint(0, 256, (count, side, side, channels), dtype=torch.uint8).permute(0, 3, 1, 2)
        if config.images and config.images.crop_px < side:
            # The plain loop does not crop, and has to see images of the same size.
            images = images[:, :, : config.images.crop_px, : config.images.crop_px]
        return ImageSet(images, torch.zeros(count, dtype=torch.int64))

    return PairSet(generate(), generate()) if isinstance(config, CycleganConfig) else generate()


def report(name: str, config: TrainingConfig, figures: Figures) -> str:
    """The figures in words."""
    low, high = figures.spread()
    lines = [f"{name}, batch {config.batch_size}, {len(figures.seconds['ours'])} turns each"]
    for loop, seconds in figures.seconds.items():
        kinds = [kind for kind in ("data", "D", "G", "rest") if kind in figures.parts[loop][0]]
        parts = ", ".join(f"{kind} {1e3 * median(turn[kind] for turn in figures.parts[loop]):.1f}" for kind in kinds)
        step_s = median(seconds)
        lines.append(
            f"  {loop:<6} {config.batch_size / step_s:>9,.1f} images/s; a step {1e3 * step_s:,.1f} ms, of it {parts}"
        )
    return "\n".join([*lines, f"  ours is {figures.ratio:.2f} x as fast ({low:.2f} ... {high:.2f})"])


def main() -> None:
    """Prints images a second of both, their ratio, and where a step's time goes."""
    parser = argparse.ArgumentParser(prog="make bench-training")
    parser.add_argument("--recipe", nargs="+", default=_BY_DEFAULT)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--cpu-time", action="store_true", help="count this process's seconds; takes one thread")
    options = parser.parse_args()
    torch.set_num_threads(1 if options.cpu_time else options.threads)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{torch.get_num_threads()} of {os.cpu_count()} cores{load}; {'own time' if options.cpu_time else 'clock'}")
    for name in options.recipe:
        config = replace(RECIPES[name].config, diffaugment=())
        if isinstance(config, CycleganConfig):
            config = replace(config, early_crop_px=None)  # the plain loop has one size of crops
        print(report(name, config, compare(config, options.rounds, options.cpu_time)), flush=True)


if __name__ == "__main__":
    main()
