"""Stand-ins for faces: images with two attributes that can be seen, and the table that says which has what."""

import numpy as np
import torch

from training.data import Attributes, ImageSet

NAMES = ("Bright", "Red")


def draw(count, seed=0, side=64, rare=0.5):
    """(count, 3, side, side) uint8, and (count, 2) int8: a bright upper half, and a red spot, which may be rare."""
    rng = np.random.default_rng(seed)
    shows = np.stack((rng.random(count) < 0.5, rng.random(count) < rare), axis=1)
    pixels = rng.integers(60, 120, (count, 3, side, side))
    pixels[shows[:, 0], :, : side // 2] += 100
    pixels[shows[:, 1], 0, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] += 35
    pixels[shows[:, 1], 1:, side // 4 : 3 * side // 4, side // 4 : 3 * side // 4] -= 50
    return pixels.astype(np.uint8), shows.astype(np.int8)


def image_set(count, seed=0, **options):
    """The same as a set and its table."""
    pixels, shows = draw(count, seed, **options)
    names = tuple(f"{seed}-{index}.jpg" for index in range(count))
    images = ImageSet(torch.from_numpy(pixels), torch.zeros(count, dtype=torch.int64), names)
    return images, Attributes(NAMES, torch.from_numpy(shows), names)


def together(*tables):
    """One table of several."""
    values = torch.cat([table.values for table in tables])
    return Attributes(NAMES, values, tuple(name for table in tables for name in table.files))
