"""`make bench-training`: this package's loop beside a plain one, on the same data and batch, in one run.

The plain loop is what tutorials write: float32, a DataLoader that turns each image into a tensor, unfused Adam, no
averaging. The two take turns, so that a noisy machine troubles both.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from tests import builders
from training import data, devices, objectives
from training.config import GanConfig
from training.data import ImageSet
from training.networks.mlp import Discriminator, Generator
from training.recipes import RECIPES


def plain(config: GanConfig, images: ImageSet) -> Callable[[], None]:
    """One step of a tutorial's loop."""
    generator, discriminator = (
        Generator(config.generator, images.shape),
        Discriminator(config.discriminator, images.shape),
    )
    optimizers = [torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (generator, discriminator)]
    criterion = torch.nn.BCEWithLogitsLoss()
    floats = images.images.float().div(127.5).sub(1.0)
    loader = DataLoader(TensorDataset(floats), config.batch_size, shuffle=True, drop_last=True)

    def batches() -> Iterator[Tensor]:
        while True:
            for (batch,) in loader:
                yield batch

    stream = batches()
    ones, zeros = torch.ones(config.batch_size, 1), torch.zeros(config.batch_size, 1)

    def step() -> None:
        real = next(stream)
        fake = generator(torch.randn(config.batch_size, config.generator.z_dim))
        optimizers[1].zero_grad()
        (criterion(discriminator(real), ones) + criterion(discriminator(fake.detach()), zeros)).backward()
        optimizers[1].step()
        optimizers[0].zero_grad()
        criterion(discriminator(fake), ones).backward()
        optimizers[0].step()

    return step


def ours(config: GanConfig, images: ImageSet) -> Callable[[], None]:
    """One step of this package's loop."""
    objective = objectives.build(config, images, devices.open_fabric(config, "cpu", 1))
    sampler = data.Sampler(len(images), config.batch_size, config.seed)
    return lambda: (objective.step(images.batch(sampler.next_indices())), None)[1]


def rate(step: Callable[[], None], batch_size: int, seconds: float) -> float:
    """Images a second."""
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        step()
        count += batch_size
    return count / (time.perf_counter() - started)


def main() -> None:
    """Prints images a second of both, and their ratio."""
    parser = argparse.ArgumentParser(prog="make bench-training")
    parser.add_argument("--recipe", default="gan-mnist-small")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    options = parser.parse_args()
    config = RECIPES[options.recipe][1]
    assert isinstance(config, GanConfig)
    config = replace(config, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        images = data.load_idx(builders.write_digits(Path(folder), n_train=6_000), "train", config.dataset)
    steps = {"plain": plain(config, images), "ours": ours(config, images)}
    for step in steps.values():
        rate(step, config.batch_size, 1.0)
    rates: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(options.rounds):
        for name, step in steps.items():
            rates[name].append(rate(step, config.batch_size, options.seconds))
    ratios = [ours / plain for ours, plain in zip(rates["ours"], rates["plain"], strict=True)]
    print(f"{options.recipe}, batch {config.batch_size}, {torch.get_num_threads()} threads, {options.rounds} turns")
    for name, values in rates.items():
        print(f"{name:<6} {median(values):>9,.0f} images/s (median)")
    print(f"ratio  {median(ratios):>9.2f} ({min(ratios):.2f} ... {max(ratios):.2f})")


if __name__ == "__main__":
    main()
