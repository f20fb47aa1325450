"""Classifier two-sample test: can a small network tell samples from real images that it did not train on?

An accuracy of 50 % means that it cannot. The network is trained and discarded here and has no other use.

References:
    D. Lopez-Paz and M. Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017, section 3: under equality the
    accuracy on n held-out images is N(1/2, 1/(4 n)).
"""

from dataclasses import dataclass
from math import erfc

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.metrics import pixels

MIN_IMAGES = 4
"""Minimum number of images per set, for training and test halves."""
_WIDTHS = (16, 32, 64, 64)
_BATCH = 32
_CHUNK = 100
_LEARNING_RATE = 5e-3
_WEIGHT_DECAY = 1e-2
_CROP_PX = 64


@dataclass(frozen=True)
class TwoSample:
    """How well the network separates real from fake images.

    Attributes:
        accuracy: on `count` held-out images, half of them real; 0.5 is chance.
        standard_error: of the accuracy, sqrt(accuracy (1 - accuracy) / count).
        p_value: one-sided probability of at least this accuracy if both distributions are equal.
        count: number of held-out images.
    """

    accuracy: float
    standard_error: float
    p_value: float
    count: int


def distinguish(real: Tensor, fake: Tensor, seed: int = 0, steps: int = 300) -> TwoSample:
    """Trains on one half of both sets, and tests on the other.

    Args:
        real: (N, C, H, W) uint8, or float in [-1, 1]; sides of at least 16 px.
        fake: (M, C, H, W), the same. The larger set is subsampled to the size of the smaller one.
        seed: seed of the halves, the weights and the batches; torch's global random state is not changed.
        steps: training steps, with batches of 32.

    Raises:
        ValueError: there are fewer than 4 of either, or the shapes differ, or the images are out of range.
    """
    count = min(len(real), len(fake))
    if count < MIN_IMAGES or real.shape[1:] != fake.shape[1:]:
        raise ValueError(
            f"two sets of at least {MIN_IMAGES} images of one shape are needed, not {real.shape} and {fake.shape}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed a GPU as well
        chosen = [images[torch.randperm(len(images))[:count].to(images.device)] for images in (real, fake)]
        half = count // 2
        network = _train(*_labelled([images[:half] for images in chosen]), steps)
    held, truth = _labelled([images[half:] for images in chosen])
    return _result(float((_read(network, held) == truth).double().mean()), len(truth))


def _result(accuracy: float, count: int) -> TwoSample:
    z = (accuracy - 0.5) * 2.0 * count**0.5
    return TwoSample(accuracy, (accuracy * (1.0 - accuracy) / count) ** 0.5, 0.5 * erfc(z / 2.0**0.5), count)


def _labelled(sets: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Real and fake images -> (2 N, C, H, W) float32 around 0, and (2 N,) labels, 1 for real."""
    images = torch.cat([pixels.levels(images) for images in sets]).div_(127.5).sub_(1.0)
    return images, torch.tensor([1.0, 0.0], device=images.device).repeat_interleave(len(sets[0]))


def _train(images: Tensor, labels: Tensor, steps: int) -> nn.Module:
    network = _network(images.shape[1]).to(images.device).train()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps)
    for _ in range(steps):
        rows = torch.randint(len(images), (_BATCH,)).to(images.device)
        loss = F.binary_cross_entropy_with_logits(network(_cropped(images[rows])).squeeze(1), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def _network(channels: int) -> nn.Sequential:
    """(N, C, H, W) -> (N, 1) logits; the mean over positions makes it a texture classifier for any size."""
    layers: list[nn.Module] = []
    for index, width in enumerate(_WIDTHS):
        # Full resolution first: a stride would alias a checkerboard to a constant whose sign depends on the position.
        stride = 2 if index else 1
        layers += [nn.Conv2d(channels, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1))


def _cropped(images: Tensor) -> Tensor:
    """A random crop of the batch, 64 px or less: prevents memorisation of small sets, and is faster."""
    for dim in (2, 3):
        side = images.shape[dim]
        kept = min(_CROP_PX, side * 7 // 8)
        images = images.narrow(dim, int(torch.randint(side - kept + 1, ())), kept)
    return images


def _read(network: nn.Module, images: Tensor) -> Tensor:
    """(N,) float32, 1 for images that are classified as real."""
    with torch.inference_mode():
        return torch.cat([network(part).squeeze(1) for part in images.split(_CHUNK)]).gt(0.0).float()
