"""Trains a classifier of CelebA's forty attributes, on faces of 64 px.

References:
    A. Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021, Equation 10: with the log-odds of each
    attribute's frequency added in training, the network's own logits are independent of how rare an attribute is.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from training.classifiers.classifier import Classifier
from training.data import Attributes, ImageSet, Sampler, crop_and_flip
from training.data.augment import CROP_DRAWS
from training.networks.attributenet import SIDE_PX, AttributeNet
from training.runs.devices import computes_bf16

EPOCHS = 14
_BATCH = 64
_MAX_SHIFT_PX = 3
_COLOR = 0.2
_LABEL_NOISE = 0.02  # at least this share of CelebA's labels is wrong; an uncertain network is harder to fool


def train(
    train_set: ImageSet,
    test_set: ImageSet,
    attributes: Attributes,
    epochs: int = EPOCHS,
    seed: int = 1_000,
    width: int = 24,
) -> tuple[AttributeNet, dict[str, float]]:
    """Trains a classifier: AdamW, one-cycle learning rate; faces are mirrored, slightly shifted and recoloured.

    Args:
        train_set: faces of 64 px.
        test_set: faces on which the accuracies are measured.
        attributes: the table with the rows of both sets.
        epochs: number of epochs.
        seed: seed of weights, order and augmentation.
        width: feature maps of the first layer.

    Returns:
        The network in evaluation mode, and attribute -> balanced accuracy.

    Raises:
        DataError: an image has no row in the table.
    """
    torch.manual_seed(seed)
    wanted = attributes.of(train_set).values.float()
    network = AttributeNet(wanted.shape[1], width).train()
    padded = replace(train_set, images=_pad(train_set.images))
    sampler = Sampler(len(train_set), min(_BATCH, len(train_set)), seed)
    steps = epochs * len(train_set) // _BATCH or 1
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=steps)
    odds = wanted.mean(0).clamp(1e-3, 1.0 - 1e-3).logit()
    for _ in tqdm(range(steps), unit="step"):
        draw = sampler.next_draw()
        faces = crop_and_flip(padded, draw.indices, SIDE_PX, True, draw.uniform(CROP_DRAWS))
        target = wanted[draw.indices].lerp(torch.tensor(0.5), 2.0 * _LABEL_NOISE)
        with torch.autocast("cpu", torch.bfloat16, enabled=computes_bf16(on_gpu=False)):
            logits = network(_recolor(faces))
        loss = F.binary_cross_entropy_with_logits(logits.float() + odds, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval(), balanced_accuracies(network, test_set, attributes)


def balanced_accuracies(network: AttributeNet, faces: ImageSet, attributes: Attributes) -> dict[str, float]:
    """Attribute -> the mean of the accuracies on faces with and on faces without it.

    If no face has the attribute, or every face has it, the accuracy on the existing kind of faces.

    Raises:
        DataError: an image has no row in the table.
    """
    classifier = Classifier(network, "", 0.0, "", "attributes", dict.fromkeys(attributes.names, 0.0))
    read = torch.from_numpy(classifier.probabilities(faces.batch(torch.arange(len(faces))).images.numpy())) > 0.5
    true = attributes.of(faces).values.bool()
    return {name: _balanced(read[:, i], true[:, i]) for i, name in enumerate(attributes.names)}


def mean(accuracies: Mapping[str, float]) -> float:
    """The mean over all attributes."""
    return sum(accuracies.values()) / len(accuracies)


def _balanced(read: Tensor, true: Tensor) -> float:
    shares = [(read[true == value] == value).double().mean() for value in (False, True) if (true == value).any()]
    return float(torch.stack(shares).mean())


def _pad(images: Tensor) -> Tensor:
    """(N, C, H, W) uint8 -> padded by the largest shift on every side, by replication."""
    wider = F.pad(images.float(), (_MAX_SHIFT_PX,) * 4, mode="replicate").to(torch.uint8)
    return wider.contiguous(memory_format=torch.channels_last)


def _recolor(images: Tensor) -> Tensor:
    """Brightness by up to +-0.2 of [-1, 1]; saturation and contrast x 0.8 to 1.2; for each image separately."""
    brightness, saturation, contrast = (
        (2.0 * torch.rand(3, len(images), 1, 1, 1) - 1.0) * _COLOR + torch.tensor([0.0, 1.0, 1.0]).view(3, 1, 1, 1, 1)
    ).unbind()
    images = torch.lerp(images.mean(1, keepdim=True), images, saturation) + brightness
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, contrast)
