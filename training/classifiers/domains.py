"""Trains a classifier of domains (painting or photo, horse or zebra) that filters seldom fool.

A network trained without augmentation relies on colours and on the fine detail of cameras: it classifies a noisy photo
in a painting's colours as a painting. Here every training image may be in the other domain's colours, blurred, noisy or
JPEG-compressed at any quality, so that none of these identifies a domain. Median filters are excluded from training, so
that robustness is also measured with unseen filters.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from training.data import ImageSet, PairSet, crop_and_flip
from training.data.augment import CROP_DRAWS
from training.metrics import filters
from training.networks.domainnet import DomainNet, TextureNet
from training.runs.devices import computes_bf16

LOAD_PX = 143
CROP_PX = 128
EPOCHS = 50
_BATCH = 16  # of each domain
_LEARNING_RATE = 4e-3
_LABEL_NOISE = 0.05
_SHARES = {"colors": 0.5, "blur": 0.45, "noise": 0.4, "jpeg": 0.3}
_RECOLORED = (1.0, 0.5)  # strength, for each of the two networks
_TINT = 0.15
_NOISE_LEVELS = 18.0
_BLUR_PX = (0.3, 3.0)
_QUALITY = (35, 96)
_CHUNK = 64
_SEED = 7

Filter = Callable[[Tensor, Tensor], Tensor]
FILTERS: Mapping[str, Filter] = {
    "in the other's colours": filters.match_colors,
    "in the other's colours, with noise of 12 levels": lambda x, like: filters.noise(
        filters.match_colors(x, like), 12.0
    ),
    "blurred by 1 px": lambda x, _: filters.blur(x, 1.0),
    "blurred by 2 px": lambda x, _: filters.blur(x, 2.0),
    "median-filtered, 3 px": lambda x, _: filters.median(x, 3),
    "median-filtered, 5 px": lambda x, _: filters.median(x, 5),
    "in the other's colours, median-filtered, 5 px": lambda x, like: filters.median(filters.match_colors(x, like), 5),
}
"""Changes of an image that are no translation; the second argument is an image of the other domain."""


def train(train_set: PairSet, epochs: int = EPOCHS, seed: int = 1_000, width: int = 16) -> DomainNet:
    """Trains a classifier's networks: AdamW, one-cycle learning rate, equally many images of both domains per batch.

    Args:
        train_set: images of both domains, of at least 128 px per side.
        epochs: number of epochs of the larger domain.
        seed: seed of weights, order and augmentation.
        width: feature maps of the networks' first layer.

    Returns:
        The networks in evaluation mode.
    """
    classifier = DomainNet(width, len(_RECOLORED))
    for number, strength in enumerate(_RECOLORED):
        classifier.members[number] = _train_one(train_set, epochs, seed, width, strength)
    return classifier.eval()


def _train_one(train_set: PairSet, epochs: int, seed: int, width: int, strength: float) -> TextureNet:
    torch.manual_seed(seed)
    steps = epochs * len(train_set) // _BATCH or 1
    network = TextureNet(width).train()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps)
    truth = torch.arange(2).repeat_interleave(_BATCH)
    for _ in tqdm(range(steps), unit="step"):
        a, b = _draw(train_set.A), _draw(train_set.B)
        shown = torch.cat([_augment(a, b, strength), _augment(b, a, strength)])
        with torch.autocast("cpu", torch.bfloat16, enabled=computes_bf16(on_gpu=False)):
            logits = network(shown)
        loss = F.cross_entropy(logits.float(), truth, label_smoothing=_LABEL_NOISE)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network


def figures(network: DomainNet, test_set: PairSet) -> tuple[float, dict[str, float]]:
    """The reliability of a classifier, on the centre of each test image.

    Returns:
        The mean of its accuracies on both domains; and, by filter, the share of filtered images that it assigned to the
        other domain, of the domain for which that share is larger.
    """
    held = [_middle(test_set.A), _middle(test_set.B)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(_SEED)
        partners = [other[torch.randint(len(other), (len(own),))] for own, other in (held, held[::-1])]
        right = [1.0 - _taken(network, own, domain) for domain, own in enumerate(held)]
        fooled = {
            name: max(_taken(network, put(held[i], partners[i]), i) for i in range(2)) for name, put in FILTERS.items()
        }
    return sum(right) / 2.0, fooled


def _taken(network: DomainNet, images: Tensor, domain: int) -> float:
    """The share of a domain's images that the network assigns to the other domain."""
    with torch.inference_mode():
        read = torch.cat([network(part).argmax(1) for part in images.split(_CHUNK)])
    return float((read != domain).double().mean())


def _draw(images: ImageSet) -> Tensor:
    indices = torch.randint(len(images), (_BATCH,))
    return crop_and_flip(images, indices, CROP_PX, True, torch.rand(_BATCH, CROP_DRAWS))


def _middle(images: ImageSet) -> Tensor:
    start = (images.shape[1] - CROP_PX) // 2
    whole = images.batch(torch.arange(len(images))).images
    return whole[:, :, start : start + CROP_PX, start : start + CROP_PX].contiguous()


def _augment(images: Tensor, like: Tensor, strength: float) -> Tensor:
    """Recolours each image; randomly also matches another's colours, blurs, adds noise and compresses."""
    images = _some(images, "colors", lambda x, at: filters.match_colors(x, like[at]))
    images = _recolor(images, strength)
    images = _some(images, "blur", lambda x, _: filters.blur(x, _between(len(x), *_BLUR_PX)))
    images = _some(images, "noise", lambda x, _: filters.noise(x, _between(len(x), 0.0, _NOISE_LEVELS)))
    return _some(images, "jpeg", lambda x, _: filters.jpeg(x, torch.randint(*_QUALITY, (len(x),))))


def _some(images: Tensor, kind: str, put: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Applies a change to a random share of the images."""
    chosen = (torch.rand(len(images)) < _SHARES[kind]).nonzero().flatten()
    return images.index_copy(0, chosen, put(images[chosen], chosen)) if len(chosen) else images


def _recolor(images: Tensor, strength: float) -> Tensor:
    """At strength 1 brightness +-0.3 of [-1, 1], saturation x 0.5 to 1.5, contrast x 0.6 to 1.4, and a tint."""
    by = strength * (2.0 * torch.rand(3, len(images), 1, 1, 1) - 1.0)
    brightness, saturation, contrast = by.unbind()
    images = torch.lerp(images.mean(1, keepdim=True), images, 1.0 + 0.5 * saturation) + 0.3 * brightness
    images = torch.lerp(images.mean((1, 2, 3), keepdim=True), images, 1.0 + 0.4 * contrast)
    return (images + strength * _TINT * (2.0 * torch.rand(len(images), 3, 1, 1) - 1.0)).clamp(-1.0, 1.0)


def _between(count: int, low: float, high: float) -> Tensor:
    return torch.rand(count) * (high - low) + low
