from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from service.inference.session import Session
from service.pipelines import tiling
from service.pipelines.tiling import Mosaic
from tests import builders


def scene(side: int, seed: int = 0):
    """(3, side, side) in [-1, 1]: large, middle and fine structure, and a slope, as photographs have."""
    rng = np.random.default_rng(seed)
    total = np.zeros((3, side, side), np.float32) + np.linspace(-0.4, 0.4, side, dtype=np.float32)
    for cells, size in ((4, 0.6), (16, 0.35), (64, 0.2), (256, 0.1)):
        noise = rng.normal(0, size, (3, cells, cells)).astype(np.float32)
        total += tiling.resample(noise, side, side)
    return np.clip(total, -1, 1)


def psnr(a, b) -> float:
    levels = [np.clip((values + 1) * 127.5, 0, 255) for values in (a, b)]
    return float(10 * np.log10(255**2 / np.mean(np.square(levels[0] - levels[1]))))


@pytest.mark.parametrize("height", [1, 64, 100, 512, 513, 900, 1024, 5000])
@pytest.mark.parametrize(("side", "multiple"), [(64, 4), (256, 256), (500, 1), (512, 4)])
def test_tiles_cover_an_image_with_an_overlap_and_stay_inside(height, side, multiple):
    width = 700
    covered = np.zeros((height, width), int)
    for tile in tiling.plan(height, width, side, multiple):
        assert 0 <= tile.top <= tile.top + tile.height <= height
        assert 0 <= tile.left <= tile.left + tile.width <= width
        assert max(tile.height, tile.width) <= side
        assert tile.width % multiple == 0
        assert tile.height % multiple == 0 or tile.height == height
        covered[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] += 1
    assert covered.min() >= 1
    columns = sorted({(tile.left, tile.width) for tile in tiling.plan(height, width, side, multiple)})
    overlaps = [start + wide - later for (start, wide), (later, _) in pairwise(columns)]
    assert all(overlap >= min(tiling.OVERLAP_PX, side // 4) - 1 for overlap in overlaps)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 50), (16, 16), (17, 16)])
def test_padding_reflects_any_number_of_pixels(height, width):
    image = np.arange(3 * height * width, dtype=np.float32).reshape(3, height, width)
    padded = tiling.pad(image, 64, 128)
    assert padded.shape == (3, 64, 128)
    np.testing.assert_array_equal(padded[:, :height, :width], image)
    assert set(np.unique(padded)) == set(np.unique(image))
    if height > 2:
        np.testing.assert_array_equal(padded[:, height, :width], image[:, height - 2])


def test_tiles_of_one_image_give_it_back():
    image = scene(300)
    mosaic = Mosaic(tiling.resample(image, 128, 128), 300, 300)
    for tile in tiling.plan(300, 300, 128):
        mosaic.add(tile, tile.of(image))
    assert psnr(mosaic.image(), image) > 33


@pytest.fixture(scope="module")
def translated():
    """A 1,024 px image, its translation in one piece, four naive tiles, and the mosaic of 512 px tiles."""
    session = Session(builders.stylising_graph(), 2)
    image = scene(1024)
    whole = session.run({"images": image[None]})[0]
    naive = np.zeros_like(image)
    for tile in tiling.plan(1024, 1024, 544):
        tile.of(naive)[...] = session.run({"images": tile.of(image)[None].copy()})[0]
    guide = session.run({"images": tiling.resample(image, 512, 512)[None]})[0]
    mosaic = Mosaic(guide, 1024, 1024)
    for tile in tiling.plan(1024, 1024, 512):
        mosaic.add(tile, session.run({"images": tile.of(image)[None].copy()})[0])
    return whole, naive, mosaic.image()


def test_tiles_come_within_28_db_of_the_translation_in_one_piece(translated):
    whole, naive, blended = translated
    assert psnr(naive, whole) < 20  # otherwise this image would prove nothing
    assert psnr(blended, whole) > 28


def test_there_is_no_step_at_tile_borders(translated):
    whole, naive, blended = translated
    edges = {edge for tile in tiling.plan(1024, 1024, 512) for edge in (tile.left, tile.left + tile.width)}
    borders = sorted(edges - {0, 1024})

    def step(image, column):
        """Mean height of the step before a column, over that of the translation in one piece."""
        return np.abs(image[:, :, column] - image[:, :, column - 1]).mean() / own[column]

    own = np.abs(np.diff(whole, axis=2, prepend=0)).mean((0, 1))
    assert max(step(blended, border) for border in borders) < 1.1
    assert max(step(naive, border) for border in range(300, 600)) > 2


def test_resampling_takes_a_part_of_the_image():
    ramp = np.tile(np.arange(64, dtype=np.float32), (1, 64, 1))
    part = tiling.resample(ramp, 8, 8, (16.0, 0.0, 48.0, 32.0))
    expected = np.asarray(Image.fromarray(ramp[0]).resize((8, 8), Image.Resampling.BICUBIC, (16, 0, 48, 32)))
    np.testing.assert_array_equal(part[0], expected)
    assert 16 < part.min() < part.max() < 48
