"""The two stages of class fine-tuning: by a fixed classifier, and by the nearest samples of real images."""

from copy import deepcopy
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from tqdm import tqdm

from training.data import ImageSet
from training.objectives import Generative
from training.posttrain.class_finetune.config import DEFAULT, FinetuneConfig

_MASKED = -1e9  # a finite logit has a gradient


def train_on_classifier(
    objective: Generative,
    teacher: nn.Module,
    classifier: nn.Module,
    nimg: int,
    config: FinetuneConfig = DEFAULT,
) -> nn.Module:
    """Trains a copy of a generator until a classifier recognizes the class of its samples.

    Args:
        objective: samples latents.
        teacher: (N, z_dim) and one-hot (N, n_classes) -> (N, C, H, W) in [-1, 1], in evaluation mode.
        classifier: (N, C, H, W) -> (N, n_classes) logits.
        nimg: samples to train on.
        config: hyper-parameters of the classifier stage.

    Returns:
        The copy, without gradients, in evaluation mode.
    """
    steps = nimg // config.batch_size
    learner, optimizer, schedule = _learner(teacher, config.classifier_lr, config.betas, steps)
    random = torch.Generator().manual_seed(config.seed)
    for _ in tqdm(range(steps), unit="step"):
        latents, labels = sample(objective, config.batch_size, random)
        rows = objective.rows(labels)
        with torch.no_grad():
            expected = teacher(latents, *rows)
        images = learner(latents, *rows)
        loss = _cross_entropy(classifier(_augment(images, random, config)), labels, config.confidence)
        distance = _squared_distance(images, expected)
        _descend(loss.mean() + config.classifier_distance_weight * distance, optimizer, schedule)
    return learner.requires_grad_(False)


def train_on_neighbours(
    objective: Generative,
    teacher: nn.Module,
    classifier: nn.Module,
    images: ImageSet,
    rounds: int,
    config: FinetuneConfig = DEFAULT,
) -> nn.Module:
    """Trains a copy of a generator until real images find their nearest sample in their own class.

    In each round, 2,048 real images x are compared with 4,096 fresh samples g. The probability of a class is the sum
    over its samples of softmax(-|x - g|^2 / temperature). The 256 samples with the largest gradient of the
    log-likelihood of the right classes are trained along this gradient.

    Args:
        objective: samples latents.
        teacher: as in `train_on_classifier`; the distance to its images is penalized.
        classifier: as in `train_on_classifier`; its loss has a small weight.
        images: real images and their classes.
        rounds: number of steps.
        config: hyper-parameters of the neighbour stage.

    Returns:
        The copy, without gradients, in evaluation mode.
    """
    learner, optimizer, schedule = _learner(teacher, config.neighbour_lr, config.betas, rounds)
    random = torch.Generator().manual_seed(config.seed + 2)
    for _ in tqdm(range(rounds), unit="round"):
        latents, labels = sample(objective, config.round_samples, random)
        rows = objective.rows(labels)
        with torch.no_grad():
            samples = _in_batches(learner, 4 * config.batch_size, latents, *rows)
        count = min(config.round_images, len(images))
        real = images.batch(torch.randint(len(images), (count,), generator=random))
        real_images, real_labels = real.images.to(samples.device), real.labels.to(samples.device)
        gradients = _gradients(real_images, real_labels, samples, labels, config)
        chosen = gradients.flatten(1).square().sum(1).topk(config.round_moved).indices
        inputs = (latents[chosen], *(row[chosen] for row in rows))
        with torch.no_grad():
            expected = teacher(*inputs)
        moved = learner(*inputs)
        class_loss = _cross_entropy(classifier(moved), labels[chosen], config.confidence)
        loss = (
            (gradients[chosen] * moved).sum()
            + config.classifier_weight * class_loss.mean()
            + config.neighbour_distance_weight * _squared_distance(moved, expected)
        )
        _descend(loss, optimizer, schedule)
    return learner.requires_grad_(False)


def _learner(
    teacher: nn.Module, lr: float, betas: tuple[float, float], steps: int
) -> tuple[nn.Module, torch.optim.Optimizer, LRScheduler]:
    learner = deepcopy(teacher).requires_grad_(True)
    optimizer = torch.optim.Adam(learner.parameters(), lr, betas)
    return learner, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer, schedule: LRScheduler) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()


def _cross_entropy(logits: Tensor, labels: Tensor, confidence: float) -> Tensor:
    """Cross-entropy of (N, n_classes) logits and (N,) labels: (N,) nats, 0 above the confidence."""
    nats = F.cross_entropy(logits, labels, reduction="none")
    return nats * (nats > -log(confidence))


def _squared_distance(images: Tensor, expected: Tensor) -> Tensor:
    """The squared differences of (N, C, H, W) images, summed per image and averaged over images."""
    return (images - expected).square().flatten(1).sum(1).mean()


def _gradients(real: Tensor, classes: Tensor, samples: Tensor, labels: Tensor, config: FinetuneConfig) -> Tensor:
    """The gradient of the mean of -log p(class) over real images, with respect to each sample.

    Args:
        real: (R, C, H, W).
        classes: (R,), of the real images.
        samples: (S, C, H, W).
        labels: (S,), of the samples.
        config: temperature and limit.

    Returns:
        (S, C, H, W).
    """
    samples = samples.clone().requires_grad_(True)
    points, flat = real.flatten(1), samples.flatten(1)
    distances = points.square().sum(1)[:, None] + flat.square().sum(1) - 2.0 * points @ flat.T
    weights = (-distances / config.temperature).log_softmax(1)
    own = weights.masked_fill(classes[:, None] != labels, _MASKED).logsumexp(1)
    (gradients,) = torch.autograd.grad(-own.clamp(min=config.min_log_likelihood).mean(), samples)
    return gradients


def _in_batches(network: nn.Module, size: int, *rows: Tensor) -> Tensor:
    return torch.cat([network(*parts) for parts in zip(*(row.split(size) for row in rows), strict=True)])


def sample(objective: Generative, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Samples latents, (count, z_dim), and uniformly distributed labels, (count,)."""
    latents = objective.latents(count, random)
    labels = torch.randint(objective.n_classes, (count,), generator=random)
    return latents, labels.to(latents.device)


def _augment(images: Tensor, random: torch.Generator, config: FinetuneConfig) -> Tensor:
    """Shifts (N, C, H, W) images by one random offset and adds noise."""
    shift = config.max_shift_px
    down, right = torch.randint(-shift, shift + 1, (2,), generator=random).tolist()
    noise = torch.randn(images.shape, generator=random).to(images.device)
    return (torch.roll(images, (down, right), (2, 3)) + config.noise * noise).clamp(-1.0, 1.0)
