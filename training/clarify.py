"""A generator of classes learns to show the class that was asked for clearly; all else that it draws stays.

Of a class-conditional GAN's samples a few lie between two classes: the discriminator saw such pictures seldom and
forgives them. Here the finished generator goes on alone, with its own former pictures to hold on to, and two teachers
in turn: a fixed classifier, and a soft nearest neighbour, for which each real picture should have the samples of its
own class around it. BatchNorm keeps its statistics.

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

from training import checkpoint, encoder
from training.classifier import Judge
from training.data import ImageSet
from training.objectives import Generative, Objective
from training.run import Run, RunError

FILE_NAME = "clarified.pt"
NIMG = 192_000
"""Samples that are drawn to learn from the classifier."""
_BATCH = 128
_LR, _BETAS = 2e-4, (0.9, 0.99)
_CLEAR = 0.99  # of such a probability of its class on, a sample is left alone
_KEEP = 0.001  # nats for each squared step of a pixel, of [-1, 1]
_SHIFT_PX, _NOISE = 2, 0.2  # a classifier that sees each picture a little otherwise is harder to fool
_PER_ROUND = 1_920  # samples of the classifier's for each round of the neighbours'
_ROUND_LR = 1e-4
_DRAWN, _LOOKING, _MOVED = 4_096, 2_048, 256  # in a round: samples, real pictures, and samples that are moved
_TEMPERATURE = 8.0  # squared steps of pixels, of [-1, 1]; a digit's nearest among as many samples is at about 100
_FURTHEST = 8.0  # nats; a picture that is far from all samples of its class would outweigh the others
_NEVER = -1e9  # a finite one has a gradient
_ROUND_KEEP = 0.004
_ROUND_CLEAR = 0.02  # what the classifier says counts so much beside the neighbours
_SEED = 31
_SAMPLES = 10_000


def make(
    run: Run, objective: Objective, step: int, judge: Judge, shown: ImageSet, nimg: int = NIMG
) -> tuple[float, float]:
    """Teaches a run's finished generator, and keeps it in the run.

    Args:
        run: where it is kept.
        objective: trained, on any device.
        step: how long it was trained.
        judge: of classes; not the one that reports.
        shown: the training images.
        nimg: samples to learn from the judge; the neighbours take a round for each 1,920.

    Returns:
        The share of fresh samples that the judge reads as another class than was asked for, before and after.

    Raises:
        RunError: the model is told no classes, has an encoder of its former pictures, or a number is out of its range.
        CheckpointError: it could not be written.
    """
    if not isinstance(objective, Generative) or not objective.n_classes:
        raise RunError("only a model that is told a class can be taught to show it clearly")
    if nimg < _BATCH:
        raise RunError(f"--nimg is {nimg}, but must be at least {_BATCH}, a batch")
    if (run.folder / encoder.FILE_NAME).exists():
        raise RunError(f"{run.folder} has an encoder of the pictures as they are: clarify first, then train it anew")
    before = objective.finished_generator()
    network = deepcopy(judge.network).to(objective.fabric.device)
    after = teach_classes(objective, before, network, nimg)
    after = teach_neighbours(objective, after, network, shown, nimg // _PER_ROUND or 1)
    checkpoint.save(run.folder / FILE_NAME, {"step": step, "nimg": nimg, "generator": after.state_dict()})
    return _wrong(objective, before, network), _wrong(objective, after, network)


def take(objective: Objective, folder: Path, step: int) -> bool:
    """Lets an objective draw by the generator that `make` kept in a run's folder.

    Args:
        objective: of the run.
        folder: the run's.
        step: how long it was trained: a generator of another step is left alone.

    Returns:
        Whether there is one.

    Raises:
        CheckpointError: its file is damaged, or of other networks.
    """
    path = folder / FILE_NAME
    state = checkpoint.load(path) if path.exists() else {}
    if not isinstance(objective, Generative) or state.get("step") != step:
        return False
    try:
        objective.finish_as(state["generator"])
    except (KeyError, RuntimeError) as error:
        raise checkpoint.CheckpointError(f"{path} does not fit the run: delete it and run `clarify` again") from error
    return True


def teach_classes(objective: Generative, teacher: nn.Module, judge: nn.Module, nimg: int) -> nn.Module:
    """A copy of a generator whose samples show their class to a judge; Adam, the learning rate falling to 0.

    Args:
        objective: draws latents.
        teacher: (N, z_dim) and one-hot (N, n_classes) -> (N, C, H, W) in [-1, 1], in evaluation mode.
        judge: (N, C, H, W) -> (N, n_classes) logits.
        nimg: samples to learn from.
    """
    steps = nimg // _BATCH
    learner, optimizer, schedule = _learner(teacher, judge, _LR, steps)
    drawn = torch.Generator().manual_seed(_SEED)
    for _ in tqdm(range(steps), unit="step"):
        latents, labels = _asked(objective, _BATCH, drawn)
        rows = objective.rows(labels)
        with torch.no_grad():
            was = teacher(latents, *rows)
        now = learner(latents, *rows)
        unlikely = _unlikely(judge(_otherwise(now, drawn)), labels)
        _descend(unlikely.mean() + _KEEP * _moved(now, was), optimizer, schedule)
    return learner.requires_grad_(False)


def teach_neighbours(
    objective: Generative, teacher: nn.Module, judge: nn.Module, shown: ImageSet, rounds: int
) -> nn.Module:
    """A copy of a generator among whose samples real pictures find a nearest one of their own class; as above.

    In a round 2,048 real pictures x look around among 4,096 fresh samples g: the probability of a class is the sum over
    its samples of softmax(-|x - g|^2 / temperature). Those 256 samples on which the log-likelihood of the right classes
    depends most are moved up its gradient.

    Args:
        objective: draws latents.
        teacher: as in `teach_classes`.
        judge: as in `teach_classes`: what is clear to it has to stay so.
        shown: real pictures and their classes.
        rounds: how many.
    """
    learner, optimizer, schedule = _learner(teacher, judge, _ROUND_LR, rounds)
    drawn = torch.Generator().manual_seed(_SEED + 2)
    for _ in tqdm(range(rounds), unit="round"):
        latents, labels = _asked(objective, _DRAWN, drawn)
        rows = objective.rows(labels)
        with torch.no_grad():
            samples = _in_parts(learner, latents, *rows)
        real = shown.batch(torch.randint(len(shown), (min(_LOOKING, len(shown)),), generator=drawn))
        slopes = _slopes(real.images.to(samples.device), real.labels.to(samples.device), samples, labels)
        chosen = slopes.flatten(1).square().sum(1).topk(_MOVED).indices
        told = (latents[chosen], *(row[chosen] for row in rows))
        with torch.no_grad():
            was = teacher(*told)
        now = learner(*told)
        unlikely = _unlikely(judge(now), labels[chosen])
        loss = (slopes[chosen] * now).sum() + _ROUND_CLEAR * unlikely.mean() + _ROUND_KEEP * _moved(now, was)
        _descend(loss, optimizer, schedule)
    return learner.requires_grad_(False)


def _learner(
    teacher: nn.Module, judge: nn.Module, lr: float, steps: int
) -> tuple[nn.Module, torch.optim.Optimizer, LRScheduler]:
    """A copy that learns, beside a judge that does not."""
    judge.requires_grad_(False)
    learner = deepcopy(teacher).requires_grad_(True)
    optimizer = torch.optim.Adam(learner.parameters(), lr, _BETAS)
    return learner, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer, schedule: LRScheduler) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()


def _unlikely(logits: Tensor, labels: Tensor) -> Tensor:
    """(N,) nats; 0 where a class is clear enough."""
    nats = F.cross_entropy(logits, labels, reduction="none")
    return nats * (nats > -log(_CLEAR))


def _moved(now: Tensor, was: Tensor) -> Tensor:
    """The mean squared distance of pictures."""
    return (now - was).square().flatten(1).sum(1).mean()


def _slopes(real: Tensor, classes: Tensor, samples: Tensor, labels: Tensor) -> Tensor:
    """The gradient of -log p(class), its mean over real pictures, by each sample: as `samples`."""
    samples = samples.clone().requires_grad_(True)
    points, drawn = real.flatten(1), samples.flatten(1)
    distances = points.square().sum(1)[:, None] + drawn.square().sum(1) - 2.0 * points @ drawn.T
    weights = (-distances / _TEMPERATURE).log_softmax(1)
    own = weights.masked_fill(classes[:, None] != labels, _NEVER).logsumexp(1)
    (slopes,) = torch.autograd.grad(-own.clamp(min=-_FURTHEST).mean(), samples)
    return slopes


def _in_parts(network: nn.Module, *rows: Tensor) -> Tensor:
    return torch.cat([network(*parts) for parts in zip(*(row.split(4 * _BATCH) for row in rows), strict=True)])


def _asked(objective: Generative, count: int, drawn: torch.Generator) -> tuple[Tensor, Tensor]:
    latents = objective.latents(count, drawn)
    labels = torch.randint(objective.n_classes, (count,), generator=drawn)
    return latents, labels.to(latents.device)


def _otherwise(pictures: Tensor, drawn: torch.Generator) -> Tensor:
    """The pictures shifted by a pixel or two, with noise."""
    down, right = torch.randint(-_SHIFT_PX, _SHIFT_PX + 1, (2,), generator=drawn).tolist()
    noise = torch.randn(pictures.shape, generator=drawn).to(pictures.device)
    return (torch.roll(pictures, (down, right), (2, 3)) + _NOISE * noise).clamp(-1.0, 1.0)


@torch.inference_mode()
def _wrong(objective: Generative, generator: nn.Module, judge: nn.Module) -> float:
    """The share of fresh samples that show another class than was asked for."""
    drawn, wrong = torch.Generator().manual_seed(_SEED + 1), 0
    for _ in range(_SAMPLES // _BATCH):
        latents, labels = _asked(objective, _BATCH, drawn)
        wrong += int((judge(generator(latents, *objective.rows(labels))).argmax(1) != labels).sum())
    return wrong / (_SAMPLES // _BATCH * _BATCH)
