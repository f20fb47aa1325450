"""Trains a classifier of classes: MNIST's digits, Fashion-MNIST's clothes."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from training.classifiers.classifier import Classifier
from training.data import ImageSet, Sampler
from training.networks.lenet import LeNet

EPOCHS = 6
_BATCH = 128
_MAX_SHIFT_PX = 2


def train(
    train_set: ImageSet,
    test_set: ImageSet,
    epochs: int = EPOCHS,
    seed: int = 1_000,
    width: int = 32,
    max_shift_px: int = _MAX_SHIFT_PX,
) -> tuple[LeNet, float]:
    """Trains a classifier: Adam, one-cycle learning rate, random shifts.

    Args:
        train_set: images of 28 px, with their classes.
        test_set: images on which the accuracy is measured.
        epochs: number of epochs.
        seed: seed of weights, order and shifts.
        width: feature maps of the network's first layer.
        max_shift_px: largest shift in each direction; the pixels that enter are black.

    Returns:
        The network in evaluation mode, and its accuracy on the test images.
    """
    torch.manual_seed(seed)
    network = LeNet(int(train_set.labels.max()) + 1, width).train()
    sampler = Sampler(len(train_set), min(_BATCH, len(train_set)), seed)
    steps = epochs * len(train_set) // _BATCH or 1
    optimizer = torch.optim.Adam(network.parameters(), weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=steps)
    for _ in tqdm(range(steps), unit="step"):
        chosen = sampler.next_indices()
        loss = F.cross_entropy(network(_shift(train_set.batch(chosen).images, max_shift_px)), train_set.labels[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
    classifier = Classifier(network, "", 0.0, "", "classes")
    read = classifier.probabilities(test_set.batch(torch.arange(len(test_set))).images.numpy()).argmax(axis=1)
    return network, float(np.mean(read == test_set.labels.numpy()))


def _shift(images: Tensor, max_px: int) -> Tensor:
    """Shifts each image by its own random offset."""
    padded = F.pad(images, (max_px,) * 4, value=-1.0)
    moves = torch.randint(0, 2 * max_px + 1, (len(images), 2))
    height, width = images.shape[2:]
    rows = moves[:, 0, None] + torch.arange(height)
    columns = moves[:, 1, None] + torch.arange(width)
    index = torch.arange(len(images))[:, None, None]
    return padded[index, 0, rows[:, :, None], columns[:, None, :]].unsqueeze(1)
