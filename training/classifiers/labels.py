"""Trains a classifier of labels: which part of a facade each pixel of a photo shows.

References:
    P. Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, section 3.2: the
    FCN-score: if translations are realistic, a network trained on real photos finds in them the labels that they were
    translated from. The paper uses FCN-8s on Cityscapes; this network is small, and trained on the CMP facades.
"""

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from training.data import ImageSet, PairSet, crop_and_flip
from training.data.augment import CROP_DRAWS
from training.data.published import FACADE_COLORS
from training.networks.segmentnet import SegmentNet
from training.runs.devices import computes_bf16

LOAD_PX = 256
READ_PX = 128
"""Side of the classifier's inputs, half that of the pairs: this removes the pixels that JPEG blurs at label borders."""
EPOCHS = 80
_CROP_PX = 240
_CROP_READ_PX = 112  # a multiple of 16 near half of the crop
_BATCH = 8
_LEARNING_RATE = 4e-3
_RECOLOR = 0.25
_CHUNK = 16


def labels_of(drawings: Tensor) -> Tensor:
    """(N, 3, H, W) label maps in [-1, 1] -> (N, H, W) int64, the nearest colour's index in `FACADE_COLORS`."""
    colors = torch.tensor(list(FACADE_COLORS.values()), dtype=torch.float32).div(127.5).sub(1.0)
    # One colour at a time: all distances at once would take four times the images' own memory.
    gaps = [(drawings - color.view(1, 3, 1, 1)).square().sum(1) for color in colors]
    return torch.stack(gaps).argmin(0)


def train(train_set: PairSet, epochs: int = EPOCHS, seed: int = 1_000, width: int = 16) -> SegmentNet:
    """Trains a classifier on real photos (A) and their label maps (B): AdamW, one-cycle learning rate.

    Args:
        train_set: aligned pairs of 256 px.
        epochs: number of epochs.
        seed: seed of weights, order and augmentation.
        width: feature maps of the first layer.

    Returns:
        The network in evaluation mode.
    """
    torch.manual_seed(seed)
    steps = epochs * len(train_set.A) // _BATCH or 1
    network = SegmentNet(len(FACADE_COLORS), width).train()
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=steps)
    for _ in tqdm(range(steps), unit="step"):
        photos, truth = _draw(train_set)
        with torch.autocast("cpu", torch.bfloat16, enabled=computes_bf16(on_gpu=False)):
            logits = network(photos)
        loss = F.cross_entropy(logits.float(), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return network.eval()


def pixel_accuracy(network: SegmentNet, photos: Tensor, drawings: Tensor) -> float:
    """The share of pixels whose predicted label equals the label map's.

    Args:
        network: a classifier.
        photos: (N, 3, H, W) in [-1, 1], real or translated.
        drawings: the photos' label maps, of the same shape.
    """
    right = []
    with torch.inference_mode():
        for shown, drawn in zip(photos.split(_CHUNK), drawings.split(_CHUNK), strict=True):
            read = network(_smaller(shown, READ_PX)).argmax(1)
            right.append((read == _nearest(labels_of(drawn), READ_PX)).double().mean((1, 2)))
    return float(torch.cat(right).mean())


def whole(pairs: PairSet) -> tuple[Tensor, Tensor]:
    """All photos and label maps, each (N, 3, H, W) in [-1, 1]."""
    photos, drawings = (part.batch(torch.arange(len(part))).images for part in (pairs.A, pairs.B))
    return photos, drawings


def _draw(pairs: PairSet) -> tuple[Tensor, Tensor]:
    """A random batch of slightly recoloured photos, and their labels."""
    indices, draws = torch.randint(len(pairs.A), (_BATCH,)), torch.rand(_BATCH, CROP_DRAWS)
    photos, drawings = (_cut(part, indices, draws) for part in (pairs.A, pairs.B))
    contrast, brightness = (_RECOLOR * (2.0 * torch.rand(2, _BATCH, 1, 1, 1) - 1.0)).unbind()
    photos = _smaller(photos, _CROP_READ_PX) * (1.0 + contrast) + brightness
    return photos.clamp(-1.0, 1.0), _nearest(labels_of(drawings), _CROP_READ_PX)


def _cut(images: ImageSet, indices: Tensor, draws: Tensor) -> Tensor:
    return crop_and_flip(images, indices, _CROP_PX, True, draws)


def _smaller(images: Tensor, side: int) -> Tensor:
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True)


def _nearest(labels: Tensor, side: int) -> Tensor:
    return F.interpolate(labels[:, None].float(), (side, side), mode="nearest-exact")[:, 0].long()
