"""Loops as tutorials write them: float32, NCHW, a DataLoader, a pass for each purpose, unfused Adam, no averaging.

References:
    pytorch/examples, dcgan/main.py: the order of its passes, its losses and its optimisers.
    J.-Y. Zhu et al. (2017) for CycleGAN, written in the same manner; without the pool, which costs next to nothing.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from tests.benchmark.watch import Watch
from training.config import CycleganConfig, DcganConfig, GanConfig
from training.data import ImageSet, PairSet
from training.networks import dcgan, mlp, patchgan, resnet


class PlainGan:
    """D on real, D on fake, then G: one step of the example."""

    def __init__(self, config: GanConfig | DcganConfig, images: ImageSet, device: torch.device) -> None:
        self.watch, self.device = Watch(device), device
        if isinstance(config, DcganConfig):
            self.generator: nn.Module = dcgan.Generator(config.generator, images.shape).to(device)
            self.discriminator: nn.Module = dcgan.Discriminator(config.discriminator, images.shape).to(device)
        else:
            self.generator = mlp.Generator(config.generator, images.shape).to(device)
            self.discriminator = mlp.Discriminator(config.discriminator, images.shape).to(device)
        self.optimizer_g, self.optimizer_d = (_adam(n) for n in (self.generator, self.discriminator))
        self.criterion, self.z_dim = nn.BCEWithLogitsLoss(), config.generator.z_dim
        self.stream = _batches(images, config.batch_size)

    def step(self) -> dict[str, float]:
        """One of D and one of G."""
        real = next(self.stream).to(self.device)
        self.watch.lap("data")
        ones, zeros = (torch.full((len(real), 1), label, device=self.device) for label in (1.0, 0.0))
        self.discriminator.zero_grad()
        loss_real = self.criterion(self.discriminator(real), ones)
        loss_real.backward()
        fake = self.generator(torch.randn(len(real), self.z_dim, device=self.device))
        loss_fake = self.criterion(self.discriminator(fake.detach()), zeros)
        loss_fake.backward()
        self.optimizer_d.step()
        self.watch.lap("D")
        self.generator.zero_grad()
        loss_g = self.criterion(self.discriminator(fake), ones)
        loss_g.backward()
        self.optimizer_g.step()
        self.watch.lap("G")
        return {"d_loss": loss_real.item() + loss_fake.item(), "g_loss": loss_g.item()}


class PlainCyclegan:
    """Both translators, then both discriminators."""

    def __init__(self, config: CycleganConfig, pairs: PairSet, device: torch.device) -> None:
        self.watch, self.device, self.config = Watch(device), device, config
        self.forth, self.back = (resnet.Generator(config.generator).to(device) for _ in range(2))
        self.discriminator_a, self.discriminator_b = (
            patchgan.Discriminator(config.discriminator, 3).to(device) for _ in range(2)
        )
        self.optimizer_g, self.optimizer_d = (
            _adam(self.forth, self.back),
            _adam(self.discriminator_a, self.discriminator_b),
        )
        self.l1, self.mse = nn.L1Loss(), nn.MSELoss()
        self.streams = [_batches(domain, config.batch_size) for domain in (pairs.A, pairs.B)]

    def step(self) -> dict[str, float]:
        """One of the translators and one of the discriminators."""
        real_a, real_b = (next(stream).to(self.device) for stream in self.streams)
        self.watch.lap("data")
        self.optimizer_g.zero_grad()
        fake_b, fake_a = self.forth(real_a), self.back(real_b)
        cycle = self.l1(self.back(fake_b), real_a) + self.l1(self.forth(fake_a), real_b)
        game = self._adversarial_loss(self.discriminator_b(fake_b), 1.0) + self._adversarial_loss(
            self.discriminator_a(fake_a), 1.0
        )
        loss = game + self.config.lambda_cycle * cycle
        if self.config.lambda_identity:
            identity = self.l1(self.forth(real_b), real_b) + self.l1(self.back(real_a), real_a)
            loss = loss + self.config.lambda_cycle * self.config.lambda_identity * identity
        loss.backward()
        self.optimizer_g.step()
        self.watch.lap("G")
        self.optimizer_d.zero_grad()
        d_loss = 0.0
        for discriminator, real, fake in (
            (self.discriminator_a, real_a, fake_a),
            (self.discriminator_b, real_b, fake_b),
        ):
            part = 0.5 * (
                self._adversarial_loss(discriminator(real), 1.0)
                + self._adversarial_loss(discriminator(fake.detach()), 0.0)
            )
            part.backward()
            d_loss += part.item()
        self.optimizer_d.step()
        self.watch.lap("D")
        return {"cycle": cycle.item(), "d_loss": d_loss}

    def _adversarial_loss(self, logits: Tensor, target: float) -> Tensor:
        loss: Tensor = self.mse(logits, torch.full_like(logits, target))
        return loss


def _adam(*networks: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam([p for network in networks for p in network.parameters()], lr=2e-4, betas=(0.5, 0.999))


def _batches(images: ImageSet, batch_size: int) -> Iterator[Tensor]:
    """A DataLoader over floats that lie in memory: kinder to the plain loop than images that it had to decode."""
    floats = images.images.contiguous().float().div(127.5).sub(1.0)
    loader = DataLoader(TensorDataset(floats), batch_size, shuffle=True, drop_last=True)
    while True:
        for (batch,) in loader:
            yield batch
