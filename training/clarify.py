"""A generator of classes learns to show the class that was asked for clearly; all else that it draws stays.

Of a class-conditional GAN's samples a few lie between two classes: the discriminator saw such pictures seldom and
forgives them. Here the finished generator goes on alone, against a fixed classifier, with its own former pictures as
the only other teacher. BatchNorm keeps its statistics.

References:
    A. Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs", ICML 2017, Equation 3: the
    generator's part of L_C, the log-likelihood of the asked class by a classifier, which here does not learn.
    G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015: a network learns from another's answers.
"""

from copy import deepcopy
from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from training import checkpoint, encoder
from training.classifier import Judge
from training.objectives import Generative, Objective
from training.run import Run, RunError

FILE_NAME = "clarified.pt"
NIMG = 192_000
"""Samples that are drawn to learn from."""
_BATCH = 128
_LR = 2e-4
_CLEAR = 0.99  # of such a probability of its class on, a sample is left alone
_KEEP = 0.001  # nats for each squared step of a pixel, of [-1, 1]
_SHIFT_PX, _NOISE = 2, 0.2  # a classifier that sees each picture a little otherwise is harder to fool
_SEED = 31
_SAMPLES = 10_000


def make(run: Run, objective: Objective, step: int, judge: Judge, nimg: int = NIMG) -> tuple[float, float]:
    """Teaches a run's finished generator, and keeps it in the run.

    Args:
        run: where it is kept.
        objective: trained, on any device.
        step: how long it was trained.
        judge: of classes; not the one that reports.
        nimg: samples to learn from.

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
    after = teach(objective, before, network, nimg)
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


def teach(objective: Generative, teacher: nn.Module, judge: nn.Module, nimg: int) -> nn.Module:
    """A copy of a generator whose samples show their class; Adam, the learning rate falling to 0.

    Args:
        objective: draws latents.
        teacher: (N, z_dim) and one-hot (N, n_classes) -> (N, C, H, W) in [-1, 1], in evaluation mode.
        judge: (N, C, H, W) -> (N, n_classes) logits.
        nimg: samples to learn from.
    """
    learner = deepcopy(teacher).requires_grad_(True)
    optimizer = torch.optim.Adam(learner.parameters(), _LR, betas=(0.9, 0.99))
    steps = nimg // _BATCH
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    drawn = torch.Generator().manual_seed(_SEED)
    judge.requires_grad_(False)
    for _ in tqdm(range(steps), unit="step"):
        latents, labels = _asked(objective, _BATCH, drawn)
        rows = objective.rows(labels)
        with torch.no_grad():
            was = teacher(latents, *rows)
        now = learner(latents, *rows)
        unlikely = F.cross_entropy(judge(_otherwise(now, drawn)), labels, reduction="none")
        unlikely = unlikely * (unlikely > -log(_CLEAR))
        loss = (unlikely + _KEEP * (now - was).square().flatten(1).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return learner.requires_grad_(False)


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
