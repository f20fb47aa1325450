"""Class fine-tuning: each sample of a class-conditional generator should clearly show the requested class.

A few samples of a class-conditional GAN lie between two classes: the discriminator rarely saw such images and does not
penalize them. Here the finished generator is trained alone, by two losses in turn: the cross-entropy of a fixed
classifier, and a soft nearest neighbour loss, by which real images should find their nearest samples in their own
class. A penalty on the squared distance to the samples before each of the two stages preserves everything else.
BatchNorm keeps its statistics.

References:
    A. Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs", ICML 2017, Equation 3: the
    generator's part of L_C, the log-likelihood of the requested class by a classifier, which is fixed here.
    J. Goldberger et al., "Neighbourhood Components Analysis", NIPS 2004, Equations 1 and 2: the soft nearest neighbour.
    Here the neighbours are samples, and the gradient moves the samples.
    G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015: training on the outputs of another network.
"""

from copy import deepcopy
from dataclasses import dataclass
from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from tqdm import tqdm

from training.classifiers import Classifier
from training.config import GenerativeConfig
from training.data import ImageSet
from training.objectives import Generative, Objective
from training.posttrain import encoder
from training.runs import checkpoint
from training.runs.folder import Run, RunError

FILE_NAME = "class_finetune.pt"
_FORMER_FILE_NAME = "clarified.pt"
NIMG = 192_000
"""Samples for the classifier stage."""


@dataclass(frozen=True)
class FinetuneConfig:
    """Hyper-parameters of both stages. Squared differences are of pixels in [-1, 1], summed over an image.

    Attributes:
        batch_size: samples per step of the classifier stage.
        betas: of Adam, in both stages.
        classifier_lr: learning rate of the classifier stage; it falls to 0 along a cosine.
        confidence: samples whose class has at least this probability have no classifier loss.
        classifier_distance_weight: nats per squared difference from the samples before the classifier stage.
        max_shift_px: random shift before the classifier; with noise, it makes the classifier harder to fool.
        noise: standard deviation of the noise before the classifier, for pixels in [-1, 1].
        samples_per_round: samples of the classifier stage for each round of the neighbour stage.
        neighbour_lr: learning rate of the neighbour stage; it falls to 0 along a cosine.
        round_samples: fresh samples per round.
        round_images: real images per round.
        round_moved: samples with the largest gradients, which alone are trained in a round.
        temperature: of the softmax, in squared differences; for 4,096 digits the nearest sample is at about 100.
        min_log_likelihood: nats; limits the loss of an image that is far from all samples of its class.
        neighbour_distance_weight: as classifier_distance_weight, for the neighbour stage.
        classifier_weight: weight of the classifier loss in the neighbour stage.
        evaluation_samples: samples for the error before and after.
        seed: of latents, labels, shifts and noise.
    """

    batch_size: int = 128
    betas: tuple[float, float] = (0.9, 0.99)
    classifier_lr: float = 2e-4
    confidence: float = 0.99
    classifier_distance_weight: float = 0.001
    max_shift_px: int = 2
    noise: float = 0.2
    samples_per_round: int = 1_920
    neighbour_lr: float = 1e-4
    round_samples: int = 4_096
    round_images: int = 2_048
    round_moved: int = 256
    temperature: float = 8.0
    min_log_likelihood: float = -8.0
    neighbour_distance_weight: float = 0.004
    classifier_weight: float = 0.02
    evaluation_samples: int = 10_000
    seed: int = 31


_DEFAULT = FinetuneConfig()
_MASKED = -1e9  # a finite logit has a gradient


def finetune(
    run: Run,
    objective: Objective,
    step: int,
    classifier: Classifier,
    images: ImageSet,
    nimg: int = NIMG,
    config: FinetuneConfig = _DEFAULT,
) -> tuple[float, float]:
    """Fine-tunes a run's finished generator and saves it in the run's folder.

    Args:
        run: where the generator is saved.
        objective: trained, on any device.
        step: steps that it was trained for.
        classifier: of classes; the selection classifier, never the reporting one.
        images: the training images.
        nimg: samples for the classifier stage; the neighbour stage has one round per 1,920 of them.
        config: hyper-parameters.

    Returns:
        The share of fresh samples that the classifier assigns to another class than requested, before and after.

    Raises:
        RunError: the model is unconditional, has an encoder for its present images, or `nimg` is out of range.
        CheckpointError: the file could not be written.
    """
    refuse_unconditional(run)
    assert isinstance(objective, Generative)
    assert isinstance(run.config, GenerativeConfig)
    if nimg < config.batch_size:
        raise RunError(f"--nimg is {nimg}, but must be at least {config.batch_size}, a batch")
    if encoder.load(run.folder, step, run.config, objective.image_shape):
        path = run.folder / encoder.FILE_NAME
        raise RunError(f"{path} fits the present images: delete it, run `finetune-classes`, then `encoder` again")
    before = objective.finished_generator()
    network = deepcopy(classifier.network).to(objective.fabric.device).requires_grad_(False)
    after = train_on_classifier(objective, before, network, nimg, config)
    rounds = nimg // config.samples_per_round or 1
    after = train_on_neighbours(objective, after, network, images, rounds, config)
    state = {"step": step, "nimg": nimg, "classifier": classifier.digest, "generator": after.state_dict()}
    checkpoint.save(run.folder / FILE_NAME, state)
    (run.folder / _FORMER_FILE_NAME).unlink(missing_ok=True)
    return _error(objective, before, network, config), _error(objective, after, network, config)


def refuse_unconditional(run: Run) -> None:
    """Refuses a run whose model is unconditional.

    Raises:
        RunError: the run's configuration has no classes.
    """
    if not isinstance(run.config, GenerativeConfig) or not run.config.conditional:
        raise RunError(f"only a class-conditional model can be fine-tuned; the model of {run.folder} is not one")


def load(objective: Objective, folder: Path, step: int) -> bool:
    """Replaces an objective's finished generator by the fine-tuned one of the same step, if the run has one.

    Args:
        objective: of the run.
        folder: the run's.
        step: steps that the objective was trained for.

    Returns:
        False if the file belongs to another step; the objective is then unchanged.

    Raises:
        CheckpointError: the file is damaged or of other networks.
    """
    path = path_in(folder)
    if not path.exists():
        return True
    state = checkpoint.load(path)
    try:
        if state["step"] != step:
            return False
        assert isinstance(objective, Generative)
        digest = state["classifier"] if "classifier" in state else state["judge"]  # `judge`: older versions
        objective.finish_as(state["generator"], recipe_note(state["nimg"], digest))
    except (AssertionError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise checkpoint.CheckpointError(
            f"{path} does not fit the run: delete it and run `finetune-classes` again"
        ) from error
    return True


def path_in(folder: Path) -> Path:
    """The file of the fine-tuned generator in a run's folder; an older version's name if there is only that."""
    path, former = folder / FILE_NAME, folder / _FORMER_FILE_NAME
    return former if former.exists() and not path.exists() else path


def recipe_note(nimg: int, digest: str) -> str:
    """What a card adds to the recipe of a fine-tuned generator."""
    return f"classes fine-tuned ({nimg:,} samples, classifier {digest[:12]})"


def train_on_classifier(
    objective: Generative,
    teacher: nn.Module,
    classifier: nn.Module,
    nimg: int,
    config: FinetuneConfig = _DEFAULT,
) -> nn.Module:
    """Trains a copy of a generator until a classifier recognizes the class of its samples.

    Args:
        objective: samples latents.
        teacher: (N, z_dim) and one-hot (N, n_classes) -> (N, C, H, W) in [-1, 1], in evaluation mode.
        classifier: (N, C, H, W) -> (N, n_classes) logits.
        nimg: samples to train on.
        config: hyper-parameters.

    Returns:
        The copy, without gradients, in evaluation mode.
    """
    steps = nimg // config.batch_size
    learner, optimizer, schedule = _learner(teacher, config.classifier_lr, config.betas, steps)
    random = torch.Generator().manual_seed(config.seed)
    for _ in tqdm(range(steps), unit="step"):
        latents, labels = _sample(objective, config.batch_size, random)
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
    config: FinetuneConfig = _DEFAULT,
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
        config: hyper-parameters.

    Returns:
        The copy, without gradients, in evaluation mode.
    """
    learner, optimizer, schedule = _learner(teacher, config.neighbour_lr, config.betas, rounds)
    random = torch.Generator().manual_seed(config.seed + 2)
    for _ in tqdm(range(rounds), unit="round"):
        latents, labels = _sample(objective, config.round_samples, random)
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
    """Of (N, n_classes) logits and (N,) labels: (N,) nats, 0 above the confidence."""
    nats = F.cross_entropy(logits, labels, reduction="none")
    return nats * (nats > -log(confidence))


def _squared_distance(images: Tensor, expected: Tensor) -> Tensor:
    """The squared differences of (N, C, H, W) images, summed over an image, their mean over images."""
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


def _sample(objective: Generative, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latents and uniformly distributed labels, (count, z_dim) and (count,)."""
    latents = objective.latents(count, random)
    labels = torch.randint(objective.n_classes, (count,), generator=random)
    return latents, labels.to(latents.device)


def _augment(images: Tensor, random: torch.Generator, config: FinetuneConfig) -> Tensor:
    """(N, C, H, W) images, shifted together, with noise."""
    shift = config.max_shift_px
    down, right = torch.randint(-shift, shift + 1, (2,), generator=random).tolist()
    noise = torch.randn(images.shape, generator=random).to(images.device)
    return (torch.roll(images, (down, right), (2, 3)) + config.noise * noise).clamp(-1.0, 1.0)


@torch.inference_mode()
def _error(objective: Generative, generator: nn.Module, classifier: nn.Module, config: FinetuneConfig) -> float:
    """The share of fresh samples that a classifier assigns to another class than requested."""
    random, wrong = torch.Generator().manual_seed(config.seed + 1), 0
    batches = config.evaluation_samples // config.batch_size
    for _ in range(batches):
        latents, labels = _sample(objective, config.batch_size, random)
        wrong += int((classifier(generator(latents, *objective.rows(labels))).argmax(1) != labels).sum())
    return wrong / (batches * config.batch_size)
