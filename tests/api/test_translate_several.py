"""Several images in one request: as a grid, an archive, JSON or an array."""

import base64
import io
import zipfile

import numpy as np

from tests import builders
from tests.api.translating import CALL, assert_near, darker, noise, saved, several, translate
from tests.conftest import assert_problem


def test_several_images_are_a_grid_with_cells_as_large_as_the_largest(client):
    images, response = several(client, "?columns=3")
    grid = builders.pixels(response.content)
    assert grid.shape == (16, 60, 3)
    for index, image in enumerate(images):
        height, width, _ = image.shape
        assert_near(grid[:height, 20 * index : 20 * index + width], darker(image))
    assert builders.pixels(several(client)[1].content).shape == (32, 40, 3)


def test_several_images_come_back_as_a_zip_or_json_each_at_its_size(client):
    images, response = several(client, "?format=zip")
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        found = [builders.pixels(archive.read(name)) for name in sorted(archive.namelist())]
    _, response = several(client, "?format=json")
    document = response.json()
    assert document["model"] == "darker@1"
    for index, entry in enumerate(document["images"]):
        assert (entry["seed"], entry["latent"], entry["class"], entry["content_type"]) == (
            None,
            None,
            None,
            "image/png",
        )
        np.testing.assert_array_equal(builders.pixels(base64.b64decode(entry["data"])), found[index])
        assert_near(found[index], darker(images[index]))


def test_npy_holds_images_of_one_size(client):
    _, response = several(client, "?format=npy", ((8, 9), (8, 9)))
    assert np.load(io.BytesIO(response.content)).shape == (2, 8, 9, 3)
    assert_problem(several(client, "?format=npy")[1], 422)


def test_images_with_and_without_alpha_share_a_grid(client):
    files = [("image", saved(noise(8, 8, channels))) for channels in (3, 4)]
    grid = builders.pixels(client.post(f"{CALL}?columns=2", files=files).content)
    assert grid.shape == (8, 16, 4)
    assert grid[:, :8, 3].min() == 255


def test_an_image_is_the_same_alone_and_among_others_of_its_size(client):
    sizes = ((20, 20),) * 5 + ((21, 20),)
    images, response = several(client, "?format=json", sizes, "stylish")
    for image, entry in zip(images, response.json()["images"], strict=True):
        alone = translate(client, saved(image), "stylish").content
        np.testing.assert_array_equal(builders.pixels(base64.b64decode(entry["data"])), builders.pixels(alone))


def test_so_many_images_are_too_many(models, serve):
    with serve(models, max_images=2) as client:
        assert several(client)[1].status_code in (400, 413, 422)
        assert several(client, sizes=((4, 4), (4, 4)))[1].status_code == 200
