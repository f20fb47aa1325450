"""Translation of large images in tiles, and the limits of size, time and memory."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from tests import builders
from tests.api.translating import CALL, assert_near, darker, noise, saved, several, translate
from tests.conftest import assert_problem


def test_a_large_image_goes_in_tiles_without_a_seam(models, serve):
    pixels = np.asarray(Image.fromarray(noise(12, 9)).resize((180, 240), Image.Resampling.BICUBIC))
    with serve(models, tile_px=64) as small, serve(models) as whole:
        response = translate(small, saved(pixels))
        assert_near(builders.pixels(response.content), darker(pixels), levels=4)
        tiled = builders.pixels(translate(small, saved(pixels), "stylish").content).astype(float)
        expected = builders.pixels(translate(whole, saved(pixels), "stylish").content)
        batches = [line for line in small.get("/metrics").text.splitlines() if "batch_rows_count" in line]
    assert any('model="darker@1"' in line and float(line.split()[-1]) > 10 for line in batches)
    assert np.sqrt(np.mean((tiled - expected) ** 2)) < 25


@pytest.mark.parametrize("size", [(1, 300), (300, 1), (65, 64), (130, 10), (127, 129), (1, 5000), (5000, 1)])
def test_odd_sizes_go_in_tiles_too(models, serve, size):
    pixels = np.asarray(Image.fromarray(noise(9, 9)).resize(size[::-1], Image.Resampling.BICUBIC))
    with serve(models, tile_px=64) as client:
        for model in ("darker", "blocky"):
            response = translate(client, saved(pixels), model)
            assert response.status_code == 200, response.text
            assert builders.pixels(response.content).shape == (*size, 3)
        assert_near(builders.pixels(translate(client, saved(pixels)).content), darker(pixels), levels=4)


@pytest.mark.parametrize("size", [(2001, 2000), (1, 4_000_001)])
def test_more_pixels_than_are_translated_are_too_large(client, size):
    raw = saved(np.zeros(size, np.uint8))
    assert_problem(translate(client, raw), 413, "too-large")


def test_an_image_that_is_too_large_to_translate_may_be_resized(client):
    response = translate(client, saved(np.zeros((2001, 2000), np.uint8)), query="?fit=resize&format=webp")
    assert response.status_code == 200
    assert builders.pixels(response.content).shape == (2001, 2000, 3)


def test_a_grid_of_a_tall_and_a_wide_image_is_not_generated(client):
    sizes = ((5000, 1), (1, 5000))
    assert_problem(several(client, sizes=sizes)[1], 413, "too-large")
    assert several(client, "?format=zip", sizes)[1].status_code == 200


def test_images_that_are_worked_on_at_once_share_a_limit(models, serve):
    with serve(models, max_held_pixels=1000) as client:
        assert_problem(translate(client, saved(noise(40, 40))), 503)
        assert translate(client, saved(noise(20, 20))).status_code == 200
        assert client.app.state.ganvas.pixels.held == 0
        assert client.app.state.ganvas.uploads.held == 0


def test_the_deadline_is_checked_between_tiles(models, serve, gate):
    with serve(models, tile_px=64, deadline_s=1.0) as client, gate.closed():
        gate.permit(3)
        response = translate(client, saved(noise(1500, 1500)), "stylish")
        assert_problem(response, 504, "deadline-exceeded")
        assert client.app.state.ganvas.pixels.held == 0
        assert client.app.state.ganvas.repository.find("stylish").generator.waiting_rows == 0


def test_translations_at_the_same_time_do_not_mix(client):
    images = [noise(20, 20 + index % 3, seed=index) for index in range(24)]
    with ThreadPoolExecutor(12) as clients:
        responses = list(clients.map(lambda image: translate(client, saved(image)), images))
    for image, response in zip(images, responses, strict=True):
        assert_near(builders.pixels(response.content), darker(image))


def test_a_full_disk_is_503_and_leaves_nothing_behind(client, monkeypatch):
    async def full(*_):
        raise OSError(28, "No space left on device")

    files = [("image", saved(noise(900, 900)))]
    with monkeypatch.context() as patch:
        patch.setattr("starlette.datastructures.UploadFile.write", full)
        response = client.post(CALL, files=files)
    assert_problem(response, 503, "unavailable")
    assert "No space" not in response.text
    assert client.app.state.ganvas.uploads.held == 0
    assert client.post(CALL, files=files).status_code == 200
