"""What a response to a sample request contains: headers, grids, archives, JSON and arrays."""

import base64
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests import builders
from tests.api.sampling import SAMPLE, arrays
from tests.conftest import assert_problem


def test_x_seed_names_the_seeds_used(client):
    response = client.post(SAMPLE, json={"seeds": [5, 1, 9]})
    assert response.headers["x-seed"] == "5,1,9"
    fresh = client.post(SAMPLE, json={})
    again = client.get(f"{SAMPLE}?seed={fresh.headers['x-seed']}")
    assert again.content == fresh.content


def test_x_seed_is_absent_if_no_seed_generated(client):
    response = client.post(SAMPLE, json={"latents": [{"vector": [0.0] * builders.Z_DIM}]})
    assert "x-seed" not in response.headers


def test_every_response_names_its_model_and_its_times(client):
    response = client.post(SAMPLE, json={"n": 2})
    assert response.headers["x-model"] == "tiny@1"
    times = dict(part.split(";dur=") for part in response.headers["server-timing"].split(", "))
    assert set(times) == {"queue", "infer", "encode", "total"}
    assert float(times["total"]) >= float(times["encode"]) >= 0.0


@pytest.mark.parametrize(
    ("n", "columns", "shape"),
    [
        (1, None, (1, 1)),
        (2, None, (1, 2)),
        (5, None, (2, 3)),
        (9, None, (3, 3)),
        (5, 1, (5, 1)),
        (5, 5, (1, 5)),
        (5, 4, (2, 4)),
    ],
)
def test_several_images_are_a_grid(client, n, columns, shape):
    response = client.get(SAMPLE, params={"seed": 3, "n": n} | ({"columns": columns} if columns else {}))
    grid = builders.pixels(response.content)
    assert grid.shape == (shape[0] * builders.SIDE, shape[1] * builders.SIDE)
    cells = arrays(client, {"seeds": list(range(3, 3 + n))})[..., 0]
    for index, cell in enumerate(cells):
        top, left = builders.SIDE * (index // shape[1]), builders.SIDE * (index % shape[1])
        np.testing.assert_array_equal(grid[top : top + builders.SIDE, left : left + builders.SIDE], cell)


@pytest.mark.parametrize("columns", [0, -1, 3, "2", 1.5, True])
def test_columns_outside_one_to_n_are_refused(client, columns):
    assert_problem(client.post(SAMPLE, json={"n": 2, "columns": columns}), 422)


@pytest.mark.parametrize(("form", "kind", "pillow"), [
    ("png", "image/png", "PNG"), ("jpeg", "image/jpeg", "JPEG"), ("webp", "image/webp", "WEBP"),
])  # fmt: skip
@pytest.mark.parametrize("model", ["tiny", "colour"])
def test_images_come_in_every_still_format(client, form, kind, pillow, model):
    response = client.get(f"/v1/models/{model}/sample", params={"seed": 1, "n": 4, "format": form})
    assert response.headers["content-type"] == kind
    with Image.open(io.BytesIO(response.content)) as image:
        assert image.format == pillow
        assert image.size == (2 * builders.SIDE, 2 * builders.SIDE)


def test_a_zip_holds_one_png_an_image(client):
    response = client.get(f"{SAMPLE}?seed=1&n=3&format=zip")
    assert response.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        images = [archive.read(name) for name in sorted(archive.namelist())]
    assert images == [client.get(f"{SAMPLE}?seed={seed}").content for seed in (1, 2, 3)]


def test_json_holds_the_images_and_what_generated_them(client):
    response = client.get(f"{SAMPLE}?seed=1&n=2&format=json")
    assert response.headers["content-type"] == "application/json"
    document = response.json()
    assert set(document) == {"model", "images"}
    assert document["model"] == "tiny@1"
    for image, seed in zip(document["images"], (1, 2), strict=True):
        assert set(image) == {"seed", "latent", "class", "content_type", "data"}
        assert (image["seed"], image["class"], image["content_type"]) == (seed, None, "image/png")
        assert base64.b64decode(image["data"]) == client.get(f"{SAMPLE}?seed={seed}").content


@pytest.mark.parametrize(("model", "channels"), [("tiny", 1), ("colour", 3)])
@pytest.mark.parametrize("n", [1, 3])
def test_npy_is_always_of_four_axes(client, model, channels, n):
    response = client.post(f"/v1/models/{model}/sample", json={"n": n}, headers={"Accept": "application/x-npy"})
    assert response.headers["content-type"] == "application/x-npy"
    values = np.load(io.BytesIO(response.content), allow_pickle=False)
    assert values.dtype == np.uint8
    assert values.shape == (n, builders.SIDE, builders.SIDE, channels)
