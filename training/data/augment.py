"""Random augmentation on the training device: crops and flips of real images, and DiffAugment.

Independent of files and of the order of a run. Random numbers for crops and flips are generated on the CPU, so that
every device sees the same images. Those for DiffAugment are generated on the device, so that a replayed step gets new
ones.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from training.config import Augmentation
from training.data.sets import ImageSet, to_floats

CROP_DRAWS = 3
"""Random numbers per image: the crop's row and column, and the flip."""

_TRANSLATION = 1 / 8  # of the side, at most
_CUTOUT = 1 / 2  # of the side
_DIFF_DRAWS = 7


def crop_and_flip(images: ImageSet, indices: Tensor, crop_px: int, flip: bool, draws: Tensor) -> Tensor:
    """Random crops of some images, half of them mirrored left to right.

    Equal `draws` give equal crops and flips, for example of both halves of a pair.

    Args:
        images: images of one size, at least crop_px per side.
        indices: (B,) int64 on the CPU, the images' positions in the set.
        crop_px: side of the crops.
        flip: whether to mirror half of the crops.
        draws: random numbers, (B, CROP_DRAWS) float32 in [0, 1) on the CPU.

    Returns:
        (B, C, crop_px, crop_px) float32 in [-1, 1] on the batches' device, in the memory format of `images`.
    """
    _, height, width = images.shape
    room = torch.tensor([height - crop_px + 1, width - crop_px + 1])
    corners = (draws[:, :2] * room).long()
    # A view of all possible crops, (N, rows, columns, C, crop_px, crop_px): one gather selects the B crops.
    crops = images.images.unfold(2, crop_px, 1).unfold(3, crop_px, 1).permute(0, 2, 3, 1, 4, 5)
    at = (index.to(crops.device, non_blocking=True) for index in (indices, *corners.unbind(1)))
    chosen = images.deliver(crops[tuple(at)])
    if flip:
        mirrored = (draws[:, 2] < 0.5).nonzero().flatten().to(chosen.device, non_blocking=True)
        chosen[mirrored] = chosen[mirrored].flip(3)
    return to_floats(chosen)


def diff_augment(images: Tensor, policies: Sequence[Augmentation], rank: int = 0, world_size: int = 1) -> Tensor:
    """Differentiable augmentation of real and fake images alike, each image on its own.

    Args:
        images: (B, C, H, W) in [-1, 1]; this process's share of a batch.
        policies: `color`: brightness, saturation and contrast; `translation` by up to an eighth of each side, filled
            with 0; `cutout` of a square of half of each side, set to 0. Applied in this order.
        rank: this process's index.
        world_size: number of processes. Random numbers are generated for the whole batch, by the device's global
            generator.

    Returns:
        A tensor of the same shape and type. Without policies, `images` itself; no random numbers are generated.

    References:
        S. Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020, section 3.
    """
    if not policies:
        return images
    numbers = torch.rand(len(images) * world_size, _DIFF_DRAWS, device=images.device)[rank::world_size]
    if "color" in policies:
        images = _color(images, numbers[:, 0:3])
    if "translation" in policies:
        images = _translation(images, numbers[:, 3:5])
    if "cutout" in policies:
        images = _cutout(images, numbers[:, 5:7])
    return images


def _color(images: Tensor, draws: Tensor) -> Tensor:
    """Brightness +-0.5 of the range [-1, 1], saturation x 0 to 2, contrast x 0.5 to 1.5."""
    brightness, saturation, contrast = draws.to(images.dtype)[:, :, None, None, None].unbind(1)
    images = images + (brightness - 0.5)
    images = torch.lerp(images.mean(1, keepdim=True), images, 2.0 * saturation)
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, 0.5 + contrast)


def _translation(images: Tensor, draws: Tensor) -> Tensor:
    """Shifts each image; pixels from outside are 0."""
    _, channels, height, width = images.shape
    rows, columns = (
        torch.arange(side, device=images.device) + _shift(draw, side)
        for side, draw in ((height, draws[:, 0]), (width, draws[:, 1]))
    )
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    # Places outside wrap around before they are set to 0. No two pixels read the same one, so the gradient has no sums
    # whose order could vary.
    places = (rows % height)[:, :, None] * width + (columns % width)[:, None, :]
    moved = images.flatten(2).gather(2, places.flatten(1)[:, None].expand(-1, channels, -1))
    return moved.view_as(images) * inside[:, None]


def _shift(draws: Tensor, side: int) -> Tensor:
    """(B, 1) int64, uniform over -reach ... reach."""
    reach = int(side * _TRANSLATION + 0.5)
    return (draws * (2 * reach + 1)).long()[:, None] - reach


def _cutout(images: Tensor, draws: Tensor) -> Tensor:
    """Sets a square to 0. Its centre may be anywhere in the image, so part of it may lie outside."""
    holes = []
    for side, draw in zip(images.shape[2:], draws.unbind(1), strict=True):
        size = int(side * _CUTOUT + 0.5)
        start = (draw * (side + 1 - size % 2)).long()[:, None] - size // 2
        place = torch.arange(side, device=images.device)
        holes.append((place >= start) & (place < start + size))
    hole = holes[0][:, :, None] & holes[1][:, None, :]
    return images * ~hole[:, None]
