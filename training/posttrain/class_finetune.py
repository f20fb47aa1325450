"""A generator of classes learns to show the class that was asked for clearly; all else that it draws stays.

Of a class-conditional GAN's samples a few lie between two classes: the discriminator saw such images seldom and
forgives them. Here the finished generator goes on alone, with two teachers in turn: a fixed classifier, and a soft
nearest neighbour, for which each real image should have the samples of its own class around it. What holds it is the
distance from the images that it drew before each of the two. BatchNorm keeps its statistics.

References:
    A. Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs", ICML 2017, Equation 3: the
    generator's part of L_C, the log-likelihood of the asked class by a classifier, which here does not learn.
    J. Goldberger et al., "Neighbourhood Components Analysis", NIPS 2004, Equations 1 and 2: the soft nearest neighbour,
    which here looks among samples, and what learns is where they lie.
    G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015: a network learns from another's answers.
"""

from copy import deepcopy
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

FILE_NAME = "clarified.pt"
NIMG = 192_000
"""Samples that are drawn to learn from the classifier."""
_BATCH = 128
_LR, _BETAS = 2e-4, (0.9, 0.99)
_CLEAR = 0.99  # of such a probability of its class on, a sample is left alone
_LAMBDA_KEEP = 0.001  # nats per squared difference of pixels in [-1, 1], summed over an image
_SHIFT_PX, _NOISE = 2, 0.2  # a classifier that sees each image a little otherwise is harder to fool
_PER_ROUND = 1_920  # samples of the classifier's for each round of the neighbours'
_ROUND_LR = 1e-4
_DRAWN, _LOOKING, _MOVED = 4_096, 2_048, 256  # in a round: samples, real images, and samples that are moved
_TEMPERATURE = 8.0  # squared differences, as above; a digit's nearest among as many samples is at about 100
_LEAST_LIKELY = -8.0  # nats: an image that is far from all samples of its class would outweigh the others
_NEVER = -1e9  # a finite one has a gradient
_LAMBDA_KEEP_ROUND = 0.004
_LAMBDA_CLASS = 0.02  # what the classifier says counts so much beside the neighbours
_SEED = 31
_SAMPLES = 10_000


def make(
    run: Run, objective: Objective, step: int, classifier: Classifier, shown: ImageSet, nimg: int = NIMG
) -> tuple[float, float]:
    """Teaches a run's finished generator, and keeps it in the run.

    Args:
        run: where it is kept.
        objective: trained, on any device.
        step: how long it was trained.
        classifier: of classes; not the one that reports.
        shown: the training images.
        nimg: samples to learn from the classifier; the neighbours take a round for each 1,920.

    Returns:
        The share of fresh samples that the classifier reads as another class than was asked for, before and after.

    Raises:
        RunError: the model is told no classes, has an encoder of its former images, or a number is out of its range.
        CheckpointError: it could not be written.
    """
    refuse_unconditional(run)
    assert isinstance(objective, Generative)
    assert isinstance(run.config, GenerativeConfig)
    if nimg < _BATCH:
        raise RunError(f"--nimg is {nimg}, but must be at least {_BATCH}, a batch")
    if encoder.load(run.folder, step, run.config, objective.image_shape):
        path = run.folder / encoder.FILE_NAME
        raise RunError(f"{path} leads to the images as they are: delete it, clarify, then run `encoder` again")
    before = objective.finished_generator()
    network = deepcopy(classifier.network).to(objective.fabric.device).requires_grad_(False)
    after = teach_classes(objective, before, network, nimg)
    after = teach_neighbours(objective, after, network, shown, nimg // _PER_ROUND or 1)
    state = {"step": step, "nimg": nimg, "judge": classifier.digest, "generator": after.state_dict()}
    checkpoint.save(run.folder / FILE_NAME, state)
    return _wrong(objective, before, network), _wrong(objective, after, network)


def refuse_unconditional(run: Run) -> None:
    """Refuses a run whose model is told no classes.

    Raises:
        RunError: it is one.
    """
    if not isinstance(run.config, GenerativeConfig) or not run.config.conditional:
        raise RunError(
            f"only a model that is told a class can be taught to show it clearly; {run.folder} is of another"
        )


def take(objective: Objective, folder: Path, step: int) -> bool:
    """Lets an objective draw by the generator that `make` kept in a run's folder, if there is one of this step.

    Args:
        objective: of the run.
        folder: the run's.
        step: how long it was trained.

    Returns:
        False where a generator of another step was left alone; it then draws by what was trained.

    Raises:
        CheckpointError: the file is damaged, or of other networks.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return True
    state = checkpoint.load(path)
    try:
        if state["step"] != step:
            return False
        assert isinstance(objective, Generative)
        said = f"clarified ({state['nimg']:,} samples, classifier {state['judge'][:12]})"
        objective.finish_as(state["generator"], said)
    except (AssertionError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise checkpoint.CheckpointError(f"{path} does not fit the run: delete it and run `clarify` again") from error
    return True


def teach_classes(objective: Generative, teacher: nn.Module, classifier: nn.Module, nimg: int) -> nn.Module:
    """A copy of a generator whose samples show their class to a classifier; Adam, the learning rate falling to 0.

    Args:
        objective: draws latents.
        teacher: (N, z_dim) and one-hot (N, n_classes) -> (N, C, H, W) in [-1, 1], in evaluation mode.
        classifier: (N, C, H, W) -> (N, n_classes) logits.
        nimg: samples to learn from.

    Returns:
        The copy, which learns no more, in evaluation mode.
    """
    steps = nimg // _BATCH
    learner, optimizer, schedule = _learner(teacher, _LR, steps)
    drawn = torch.Generator().manual_seed(_SEED)
    for _ in tqdm(range(steps), unit="step"):
        latents, labels = _asked(objective, _BATCH, drawn)
        rows = objective.rows(labels)
        with torch.no_grad():
            was = teacher(latents, *rows)
        now = learner(latents, *rows)
        unlikely = _cross_entropy(classifier(_augment(now, drawn)), labels)
        _descend(unlikely.mean() + _LAMBDA_KEEP * _squared_distance(now, was), optimizer, schedule)
    return learner.requires_grad_(False)


def teach_neighbours(
    objective: Generative, teacher: nn.Module, classifier: nn.Module, shown: ImageSet, rounds: int
) -> nn.Module:
    """A copy of a generator among whose samples real images find a nearest one of their own class; as above.

    In a round 2,048 real images x look around among 4,096 fresh samples g: the probability of a class is the sum over
    its samples of softmax(-|x - g|^2 / temperature). Those 256 samples on which the log-likelihood of the right classes
    depends most are moved up its gradient.

    Args:
        objective: draws latents.
        teacher: as in `teach_classes`; its images are what the copy is held to.
        classifier: as in `teach_classes`: what is clear to it has to stay so.
        shown: real images and their classes.
        rounds: how many.

    Returns:
        The copy, which learns no more, in evaluation mode.
    """
    learner, optimizer, schedule = _learner(teacher, _ROUND_LR, rounds)
    drawn = torch.Generator().manual_seed(_SEED + 2)
    for _ in tqdm(range(rounds), unit="round"):
        latents, labels = _asked(objective, _DRAWN, drawn)
        rows = objective.rows(labels)
        with torch.no_grad():
            samples = _in_parts(learner, latents, *rows)
        real = shown.batch(torch.randint(len(shown), (min(_LOOKING, len(shown)),), generator=drawn))
        gradients = _gradients(real.images.to(samples.device), real.labels.to(samples.device), samples, labels)
        chosen = gradients.flatten(1).square().sum(1).topk(_MOVED).indices
        told = (latents[chosen], *(row[chosen] for row in rows))
        with torch.no_grad():
            was = teacher(*told)
        now = learner(*told)
        unlikely = _cross_entropy(classifier(now), labels[chosen])
        loss = (
            (gradients[chosen] * now).sum()
            + _LAMBDA_CLASS * unlikely.mean()
            + _LAMBDA_KEEP_ROUND * _squared_distance(now, was)
        )
        _descend(loss, optimizer, schedule)
    return learner.requires_grad_(False)


def _learner(teacher: nn.Module, lr: float, steps: int) -> tuple[nn.Module, torch.optim.Optimizer, LRScheduler]:
    learner = deepcopy(teacher).requires_grad_(True)
    optimizer = torch.optim.Adam(learner.parameters(), lr, _BETAS)
    return learner, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer, schedule: LRScheduler) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Of (N, n_classes) logits and (N,) labels: (N,) nats, 0 where the class is clear enough."""
    nats = F.cross_entropy(logits, labels, reduction="none")
    return nats * (nats > -log(_CLEAR))


def _squared_distance(now: Tensor, was: Tensor) -> Tensor:
    """The mean over (N, C, H, W) images of what they differ by, squared and summed."""
    return (now - was).square().flatten(1).sum(1).mean()


def _gradients(real: Tensor, classes: Tensor, samples: Tensor, labels: Tensor) -> Tensor:
    """The gradient of -log p(class), its mean over real images, by each sample.

    Args:
        real: (R, C, H, W).
        classes: (R,), of the real ones.
        samples: (S, C, H, W).
        labels: (S,), of the samples.

    Returns:
        (S, C, H, W).
    """
    samples = samples.clone().requires_grad_(True)
    points, drawn = real.flatten(1), samples.flatten(1)
    distances = points.square().sum(1)[:, None] + drawn.square().sum(1) - 2.0 * points @ drawn.T
    weights = (-distances / _TEMPERATURE).log_softmax(1)
    own = weights.masked_fill(classes[:, None] != labels, _NEVER).logsumexp(1)
    (gradients,) = torch.autograd.grad(-own.clamp(min=_LEAST_LIKELY).mean(), samples)
    return gradients


def _in_parts(network: nn.Module, *rows: Tensor) -> Tensor:
    return torch.cat([network(*parts) for parts in zip(*(row.split(4 * _BATCH) for row in rows), strict=True)])


def _asked(objective: Generative, count: int, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
    latents = objective.latents(count, drawn)
    labels = torch.randint(objective.n_classes, (count,), generator=drawn)
    return latents, labels.to(latents.device)


def _augment(images: Tensor, drawn: torch.Generator) -> Tensor:
    """(N, C, H, W) images, all shifted by up to two pixels, with noise."""
    down, right = torch.randint(-_SHIFT_PX, _SHIFT_PX + 1, (2,), generator=drawn).tolist()
    noise = torch.randn(images.shape, generator=drawn).to(images.device)
    return (torch.roll(images, (down, right), (2, 3)) + _NOISE * noise).clamp(-1.0, 1.0)


@torch.inference_mode()
def _wrong(objective: Generative, generator: nn.Module, classifier: nn.Module) -> float:
    """The share of fresh samples that show another class than was asked for."""
    drawn, wrong = torch.Generator().manual_seed(_SEED + 1), 0
    for _ in range(_SAMPLES // _BATCH):
        latents, labels = _asked(objective, _BATCH, drawn)
        wrong += int((classifier(generator(latents, *objective.rows(labels))).argmax(1) != labels).sum())
    return wrong / (_SAMPLES // _BATCH * _BATCH)
