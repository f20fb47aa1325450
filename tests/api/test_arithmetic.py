import io

import numpy as np
import pytest

from service.pipelines import latents
from tests import builders
from tests.conftest import assert_problem

SIDE, Z_DIM = builders.SIDE, builders.Z_DIM
CALL = "/v1/models/tiny/arithmetic"
TERMS = {
    "terms": [
        {"weight": 1, "latents": [{"seed": 1}, {"seed": 2}, {"seed": 3}]},
        {"weight": -0.5, "latents": [{"seed": 4}]},
        {"latents": [{"seed": 5}]},
    ]
}
ONE = {"terms": [{"latents": [{"seed": 1}]}]}


def images(client, body, model="tiny"):
    response = client.post(f"/v1/models/{model}/arithmetic?format=json", json=body)
    assert response.status_code == 200, response.text
    return response.json()["images"]


def points(client, body, model="tiny"):
    tokens = [image["latent"]["token"] for image in images(client, body, model)]
    return np.stack([latents.from_token(token, Z_DIM) for token in tokens])


def z(seed, distribution="normal"):
    return latents.draw(seed, Z_DIM, distribution).astype(np.float64)


def test_the_result_is_the_sum_of_weights_times_means(client):
    (point,) = points(client, TERMS)
    expected = (z(1) + z(2) + z(3)) / 3 - 0.5 * z(4) + z(5)
    np.testing.assert_allclose(point, expected, rtol=1e-5, atol=1e-6)


def test_a_plus_b_minus_b_is_the_image_of_a(client):
    body = {"terms": [{"weight": w, "latents": [{"seed": s}]} for w, s in ((1, 1), (1, 2), (-1, 2))]}
    image = client.get("/v1/models/tiny/sample?seed=1").content
    assert builders.same_pixels(client.post(CALL, json=body).content, image)


def test_directions_are_added_by_weight(client):
    body = ONE | {"directions": [{"name": "smile", "weight": 2}, {"name": "smile", "weight": 0.5}]}
    (point,) = points(client, body, "colour")
    np.testing.assert_allclose(point, z(1, "uniform") + 2.5 * np.eye(Z_DIM)[0], rtol=1e-5, atol=1e-6)
    (default,) = points(client, ONE | {"directions": [{"name": "smile"}]}, "colour")
    np.testing.assert_allclose(default, z(1, "uniform") + np.eye(Z_DIM)[0], rtol=1e-5, atol=1e-6)


def test_variations_are_the_result_and_then_uniform_noise_of_the_seed(client):
    varied = points(client, TERMS | {"variations": 5, "seed": 9})
    (centre,) = points(client, TERMS)
    np.testing.assert_array_equal(varied[0], centre)
    np.testing.assert_allclose(varied[1:] - centre, latents.jitter(9, 5, Z_DIM, 0.25), atol=1e-6)


def test_jitter_sets_how_far_variations_stray(client):
    varied = points(client, ONE | {"variations": 20, "jitter": 2.0, "seed": 1}) - z(1)
    assert 1.5 < np.abs(varied).max() <= 2.0 + 1e-5
    still = points(client, ONE | {"variations": 2, "jitter": 0})
    assert (still == still[0]).all()


def test_variations_without_a_seed_report_a_fresh_one(client):
    first = client.post(f"{CALL}?format=npy", json=ONE | {"variations": 3})
    assert first.headers["x-seed"].startswith("1,")
    seed = int(first.headers["x-seed"].split(",")[-1])
    assert client.post(f"{CALL}?format=npy", json=ONE | {"variations": 3, "seed": seed}).content == first.content
    assert client.post(CALL, json=ONE | {"variations": 3}).headers["x-seed"] != first.headers["x-seed"]


def test_k_variations_make_k_plus_one_images(client):
    grid = builders.pixels(client.post(CALL, json=ONE | {"variations": 8}).content)
    assert grid.shape == (3 * SIDE, 3 * SIDE)
    wide = client.post(CALL, json=ONE | {"variations": 8, "columns": 9})
    assert builders.pixels(wide.content).shape == (SIDE, 9 * SIDE)
    assert wide.headers["x-model"] == "tiny@1"
    assert len(np.load(io.BytesIO(client.post(f"{CALL}?format=npy", json=ONE | {"variations": 63}).content))) == 64


def test_one_class_stays_that_class(client):
    for image in images(client, TERMS | {"class": "star", "variations": 2}, "classes"):
        assert image["class"] == "star"


@pytest.mark.parametrize("weights", [(1, -1), (-1, 0.5), (0.5, 0.25)])
def test_the_request_s_class_is_the_result_s_whatever_the_weights(client, weights):
    body = {"terms": [{"weight": w, "latents": [{"seed": s}]} for s, w in enumerate(weights)], "class": "star"}
    assert images(client, body, "classes")[0]["class"] == "star"


def test_classes_of_latents_are_added_like_latents(client):
    terms = [
        {"weight": 1, "latents": [{"seed": 1, "class": "circle"}]},
        {"weight": -1, "latents": [{"seed": 2, "class": "circle"}]},
        {"weight": 1, "latents": [{"seed": 3, "class": "star"}]},
    ]
    assert images(client, {"terms": terms}, "classes")[0]["class"] == "star"
    assert_problem(client.post("/v1/models/classes/arithmetic", json={"terms": terms[:2]}), 422)
    assert images(client, {"terms": terms[:2], "class": "square"}, "classes")[0]["class"] == "square"


def test_a_model_without_directions_cannot_use_them(client):
    assert_problem(client.post(CALL, json=ONE | {"directions": [{"name": "smile"}]}), 409, "not-supported")


def test_an_unknown_direction_is_refused_and_the_known_are_named(client):
    body = ONE | {"directions": [{"name": "frown"}]}
    assert "smile" in assert_problem(client.post("/v1/models/colour/arithmetic", json=body), 422)["detail"]


def weighted(weight):
    return {"terms": [{"weight": weight, "latents": [{"seed": 1}]}]}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"terms": []}, {"terms": {}}, {"terms": [{}]}, {"terms": [{"latents": []}]}, {"terms": [{"seed": 1}]},
        weighted(100.1), weighted(-101), weighted(1e308), weighted("1"), weighted(True), weighted(None),
        {"terms": [{"latents": [{"seed": 1}] * 600}] * 2}, {"terms": ONE["terms"] * 65},
        ONE | {"variations": -1}, ONE | {"variations": 64}, ONE | {"variations": 1.5}, ONE | {"variations": "2"},
        ONE | {"jitter": -1}, ONE | {"jitter": "1"}, ONE | {"jitter": 1e308}, ONE | {"seed": -1}, ONE | {"seed": 2**63},
        ONE | {"columns": 2}, ONE | {"class": "star"}, ONE | {"directions": [{"weight": 1}]}, ONE | {"unknown": 1},
        ONE | {"directions": [{"name": "smile", "weight": 101}]}, ONE | {"truncation": 0.5},
        {"terms": [{"weight": 100, "latents": [{"vector": [1e38] * 8}]}]},
    ],
)  # fmt: skip
def test_bad_arithmetic_is_refused(client, body):
    assert_problem(client.post("/v1/models/tiny/arithmetic", json=body), 422)


@pytest.mark.parametrize("weight", [b"NaN", b"Infinity", b"-Infinity", b"1e400"])
def test_weights_are_finite(client, weight):
    raw = b'{"terms": [{"weight": ' + weight + b', "latents": [{"seed": 1}]}]}'
    assert_problem(client.post(CALL, content=raw), 422)


@pytest.mark.parametrize("weight", [100, -100.0])
def test_weights_go_up_to_a_hundred_either_way(client, weight):
    (point,) = points(client, weighted(weight))
    np.testing.assert_allclose(point, weight * z(1), rtol=1e-5)
    body = {**ONE, "directions": [{"name": "smile", "weight": weight}]}
    (moved,) = points(client, body, "colour")
    np.testing.assert_allclose(moved, z(1, "uniform") + weight * np.eye(Z_DIM)[0], rtol=1e-5, atol=1e-5)


def test_arithmetic_has_no_animations(client):
    assert_problem(client.post(f"{CALL}?format=gif", json=ONE), 406, "not-acceptable")


def test_what_falls_below_zero_of_a_class_is_cut_off_and_the_rest_sums_to_one(client):
    terms = [
        {"weight": weight, "latents": [{"seed": 1, "class": name}]}
        for weight, name in ((3, "star"), (1, "square"), (-2, "circle"))
    ]
    assert images(client, {"terms": terms}, "classes")[0]["class"] == {"star": 0.75, "square": 0.25}
