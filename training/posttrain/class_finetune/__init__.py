"""Class fine-tuning: each sample of a class-conditional generator should clearly show the requested class.

A few samples of a class-conditional GAN lie between two classes: the discriminator rarely saw such images and does not
penalize them. Here the finished generator is trained alone, by two losses in turn: the cross-entropy of a fixed
classifier, and a soft nearest neighbour loss, by which real images should find their nearest samples in their own
class. A penalty on the squared distance to the samples before each of the two stages preserves everything else.
BatchNorm statistics are unchanged.

References:
    A. Odena et al., "Conditional Image Synthesis with Auxiliary Classifier GANs", ICML 2017, Equation 3: the
    generator's part of L_C, the log-likelihood of the requested class by a classifier, which is fixed here.
    J. Goldberger et al., "Neighbourhood Components Analysis", NIPS 2004, Equations 1 and 2: the soft nearest neighbour.
    Here the neighbours are samples, and the gradient moves the samples.
    G. Hinton et al., "Distilling the Knowledge in a Neural Network", 2015: training on the outputs of another network.
"""

from copy import deepcopy

import torch
from torch import nn

from training.classifiers import Classifier
from training.config import GenerativeConfig
from training.data import ImageSet
from training.objectives import Generative, Objective
from training.posttrain import encoder
from training.posttrain.class_finetune.config import DEFAULT, NIMG, FinetuneConfig
from training.posttrain.class_finetune.store import FILE_NAME, load, path_in, recipe_note, save
from training.posttrain.class_finetune.train import sample, train_on_classifier, train_on_neighbours
from training.runs.folder import Run, RunError

__all__ = [
    "FILE_NAME",
    "NIMG",
    "FinetuneConfig",
    "finetune",
    "load",
    "path_in",
    "recipe_note",
    "refuse_unconditional",
    "save",
    "train_on_classifier",
    "train_on_neighbours",
]


def finetune(
    run: Run,
    objective: Objective,
    step: int,
    classifier: Classifier,
    images: ImageSet,
    nimg: int = NIMG,
    config: FinetuneConfig = DEFAULT,
) -> tuple[float, float]:
    """Fine-tunes a run's finished generator and saves it in the run's folder.

    Args:
        run: the run in whose folder the generator is saved.
        objective: trained, on any device.
        step: steps that it was trained for.
        classifier: a class classifier; the selection classifier, never the reporting one.
        images: training images.
        nimg: samples for the classifier stage; the neighbour stage has one round per 1,920 of them.
        config: hyper-parameters of both stages.

    Returns:
        The share of fresh samples that the classifier assigns to another class than requested, before and after.

    Raises:
        RunError: the model is unconditional, already has an encoder, or `nimg` is out of range.
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
    save(run.folder, step, nimg, classifier.digest, after)
    return _error(objective, before, network, config), _error(objective, after, network, config)


def refuse_unconditional(run: Run) -> None:
    """Refuses a run whose model is unconditional.

    Raises:
        RunError: the run's configuration has no classes.
    """
    if not isinstance(run.config, GenerativeConfig) or not run.config.conditional:
        raise RunError(f"only a class-conditional model can be fine-tuned; the model of {run.folder} is not one")


@torch.inference_mode()
def _error(objective: Generative, generator: nn.Module, classifier: nn.Module, config: FinetuneConfig) -> float:
    """The share of fresh samples that a classifier assigns to another class than requested."""
    random, wrong = torch.Generator().manual_seed(config.seed + 1), 0
    batches = config.evaluation_samples // config.batch_size
    for _ in range(batches):
        latents, labels = sample(objective, config.batch_size, random)
        wrong += int((classifier(generator(latents, *objective.rows(labels))).argmax(1) != labels).sum())
    return wrong / (batches * config.batch_size)
