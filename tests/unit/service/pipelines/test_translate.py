"""How images are cut up for a translator: what its network is given, and what becomes of it."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from service.errors import DeadlineExceeded
from service.inference.batch_queue import Result
from service.inference.session import Session
from service.pipelines.translate import Translator
from tests import builders
from tests.unit.service.pipelines.test_tiling import psnr, scene


class Network:
    """Replaces a translator's queue, and records the size of every piece."""

    def __init__(self, run=lambda images: images, fails_after: int | None = None) -> None:
        self._run, self._fails_after = run, fails_after
        self.sizes: list[tuple[int, int]] = []
        self.lowest, self.highest = 0.0, 0.0

    async def submit_and_finish(self, rows, deadline, finish) -> Result:
        if len(self.sizes) == self._fails_after:
            raise DeadlineExceeded("too late")
        pieces = rows["images"]
        self.sizes.append(pieces.shape[2:])
        self.lowest, self.highest = min(self.lowest, pieces.min()), max(self.highest, pieces.max())
        return Result([finish(self._run(pieces), 0)], 0.001)


def translated(network, image, tile_px=64, multiple=4, fit="pad"):
    about = SimpleNamespace(image=SimpleNamespace(height=32, width=48), translation=SimpleNamespace(multiple=multiple))
    model = SimpleNamespace(generator=network, manifest=about)
    return asyncio.run(Translator(model, 0.0, tile_px).translate(image, fit, lambda made: made))


def noise(height, width):
    return np.random.default_rng(0).uniform(-1, 1, (3, height, width)).astype(np.float32)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (65, 64), (500, 300), (1, 4000), (4000, 1), (333, 77)])
@pytest.mark.parametrize(("tile_px", "multiple"), [(64, 4), (100, 16), (64, 64), (70, 1)])
def test_no_piece_is_larger_than_a_tile_and_each_has_the_multiple(size, tile_px, multiple):
    network = Network()
    found = translated(network, noise(*size), tile_px, multiple)
    assert found.shape == (3, *size)
    for height, width in network.sizes:
        assert max(height, width) <= tile_px
        assert height % multiple == width % multiple == 0
    # What is read twice is the overlaps, and the whole once more at the size of a tile.
    height, width = (max(16, multiple, side) for side in size)
    assert sum(tall * wide for tall, wide in network.sizes) < 4 * height * width + 2 * tile_px**2


def test_an_image_that_fits_goes_in_one_piece_as_it_is():
    network = Network()
    image = noise(64, 48)
    np.testing.assert_array_equal(translated(network, image), image)
    assert network.sizes == [(64, 48)]


def test_resize_takes_the_training_size_whatever_the_image_s():
    network = Network()
    assert translated(network, noise(300, 500), fit="resize").shape == (3, 300, 500)
    assert network.sizes == [(32, 48)]


def test_the_network_is_given_nothing_outside_of_its_range():
    network = Network()
    image = np.sign(noise(200, 200))  # resampling such an image overshoots
    translated(network, image)
    translated(network, image, fit="resize")
    assert (network.lowest, network.highest) == (-1.0, 1.0)


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_deadline_that_passes_between_tiles_ends_the_image(after):
    network = Network(fails_after=after)
    with pytest.raises(DeadlineExceeded):
        translated(network, noise(300, 300))
    assert len(network.sizes) == after


def test_an_image_of_1024_px_in_tiles_comes_within_28_db_of_one_piece():
    session = Session(builders.stylising_graph(), 2)
    image = scene(1024)
    whole = session.run({"images": image[None]})[0]
    network = Network(lambda images: session.run({"images": images}))
    found = translated(network, image, 512)
    assert psnr(found, whole) > 28
    assert len(network.sizes) > 4
    assert max(max(size) for size in network.sizes) <= 512
