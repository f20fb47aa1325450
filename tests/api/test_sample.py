"""Sampling over HTTP: from seeds, vectors, means, classes and truncation to images."""

import base64
import json

import numpy as np
import pytest

from service.pipelines import latents
from tests import builders
from tests.api.sampling import SAMPLE, arrays, generated
from tests.conftest import assert_problem


def test_an_empty_object_means_one_image(client):
    response = client.post(SAMPLE, json={})
    assert response.headers["content-type"] == "image/png"
    assert builders.pixels(response.content).shape == (builders.SIDE, builders.SIDE)
    assert len(generated(client, {})) == 1


def test_an_image_is_the_generator_of_the_seed_s_latent(client):
    from service.imaging.pixels import to_uint8
    from service.inference.session import Session

    expected = Session(builders.generator_graph(), 1).run({"latents": latents.draw(7, builders.Z_DIM, "normal")[None]})
    np.testing.assert_array_equal(arrays(client, {"seeds": [7]}), to_uint8(expected))


def test_n_generates_fresh_random_seeds(client):
    one, two = generated(client, {"n": 5}), generated(client, {"n": 5})
    seeds = {image["seed"] for image in one + two}
    assert len(seeds) == 10
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_seeds_up_to_the_largest_are_generated(client):
    assert [image["seed"] for image in generated(client, {"seeds": [0, 2**63 - 1]})] == [0, 2**63 - 1]


def test_a_seed_twice_is_generated_twice(client):
    first, second = generated(client, {"seeds": [3, 3]})
    assert first == second


@pytest.mark.parametrize("model", ["tiny", "colour", "classes"])
def test_the_latent_of_a_json_response_sent_back_unchanged_gives_the_same_image(client, model):
    before = generated(client, {"seeds": [1, 2, 3, 4]}, model)
    after = generated(client, {"latents": [image["latent"] for image in before]}, model)
    for one, other in zip(before, after, strict=True):
        assert builders.same_pixels(base64.b64decode(one["data"]), base64.b64decode(other["data"]))
    assert [image["latent"] for image in after] == [image["latent"] for image in before]
    assert [image["seed"] for image in after] == [None] * 4


@pytest.mark.parametrize(
    "blend", [{"star": 1.0}, {"star": 0.25, "circle": 0.75}, {"star": 0.9995}, {"star": 1, "circle": 0}]
)
def test_a_blend_of_classes_comes_back_exactly(client, blend):
    before = generated(client, {"seeds": [1], "class": blend}, "classes")
    after = generated(client, {"latents": [before[0]["latent"]]}, "classes")
    assert builders.same_pixels(*(base64.b64decode(drawing[0]["data"]) for drawing in (before, after)))
    assert after[0]["latent"] == before[0]["latent"]


def test_a_vector_is_generated_as_it_is(client):
    vector = latents.draw(5, builders.Z_DIM, "normal")
    np.testing.assert_array_equal(
        arrays(client, {"latents": [{"vector": vector.tolist()}]}), arrays(client, {"seeds": [5]})
    )


def test_a_mean_is_the_mean_of_the_latents(client):
    expected = latents.mean([latents.draw(seed, builders.Z_DIM, "normal") for seed in (1, 2)])
    (image,) = generated(client, {"latents": [{"mean": [{"seed": 1}, {"mean": [{"seed": 2}]}]}]})
    assert image["latent"] == {"token": latents.to_token(expected)}
    assert image["seed"] is None


def test_kinds_of_latents_may_be_mixed(client):
    token = latents.to_token(latents.draw(1, builders.Z_DIM, "normal"))
    images = arrays(
        client, {"latents": [{"seed": 1}, {"token": token}, {"token": token + "="}, {"mean": [{"seed": 1}]}]}
    )
    assert all(np.array_equal(image, images[0]) for image in images)


def test_uniform_latents_are_within_one(client):
    for image in generated(client, {"n": 8}, "colour"):
        assert np.abs(latents.from_token(image["latent"]["token"], builders.Z_DIM)).max() <= 1.0


def test_truncation_multiplies_latents_generated_from_seeds(client):
    full = latents.draw(4, builders.Z_DIM, "normal")
    (image,) = generated(client, {"seeds": [4], "truncation": 0.5})
    np.testing.assert_allclose(latents.from_token(image["latent"]["token"], builders.Z_DIM), 0.5 * full, rtol=1e-6)


def test_truncation_leaves_vectors_and_tokens_alone(client):
    point = latents.draw(4, builders.Z_DIM, "normal")
    given = [{"vector": point.tolist()}, {"token": latents.to_token(point)}]
    np.testing.assert_array_equal(
        arrays(client, {"latents": given, "truncation": 0.1}), arrays(client, {"latents": given})
    )


def test_the_seeds_of_a_mean_are_truncated_too(client):
    (image,) = generated(client, {"latents": [{"mean": [{"seed": 4}]}], "truncation": 0.5})
    (expected,) = generated(client, {"seeds": [4], "truncation": 0.5})
    assert image["latent"] == expected["latent"]


@pytest.mark.parametrize("value", [0, -0.5, 1.01, 1e400, "0.5", True, None])
def test_truncation_outside_its_range_is_refused(client, value):
    body = json.dumps({"n": 1, "truncation": value})
    assert_problem(client.post(SAMPLE, content=body), 422)


@pytest.mark.parametrize("reference", ["star", 2, {"star": 1.0}])
def test_a_class_is_a_name_an_index_or_a_blend(client, reference):
    (image,) = generated(client, {"seeds": [1], "class": reference}, "classes")
    assert image["class"] == "star"
    assert image["latent"]["class"] == "star"
    np.testing.assert_array_equal(
        arrays(client, {"seeds": [1], "class": reference}, "classes"),
        arrays(client, {"seeds": [1], "class": "star"}, "classes"),
    )


def test_the_class_changes_the_image_but_not_the_latent(client):
    (circle,), (star,) = (generated(client, {"seeds": [1], "class": name}, "classes") for name in ("circle", "star"))
    assert circle["latent"]["token"] == star["latent"]["token"]
    assert circle["data"] != star["data"]


def test_a_conditional_model_generates_the_class_from_the_seed(client):
    images = generated(client, {"seeds": list(range(20))}, "classes")
    assert [image["class"] for image in images] == [builders.CLASSES[latents.draw_class(seed, 3)] for seed in range(20)]


def test_a_latent_s_own_class_comes_before_the_request_s(client):
    images = generated(client, {"latents": [{"seed": 1, "class": 0}, {"seed": 1}], "class": "star"}, "classes")
    assert [image["class"] for image in images] == ["circle", "star"]


def test_class_zero_is_a_class(client):
    (image,) = generated(client, {"latents": [{"mean": [{"seed": 1}, {"seed": 2, "class": 0}]}], "class": 0}, "classes")
    assert image["class"] == "circle"


def test_a_mean_blends_the_classes(client):
    (image,) = generated(
        client, {"latents": [{"mean": [{"seed": 1, "class": "circle"}, {"seed": 2, "class": "star"}]}]}, "classes"
    )
    assert image["class"] == {"circle": 0.5, "star": 0.5}


@pytest.mark.parametrize(
    "reference", [3, -1, "moon", "", True, 1.0, {"circle": 0.5}, {"moon": 1.0}, {}, 10**30, ["star"]]
)
def test_an_unknown_class_is_refused(client, reference):
    assert_problem(client.post("/v1/models/classes/sample", json={"class": reference}), 422)


def test_a_token_without_a_class_is_refused_by_a_conditional_model(client):
    token = latents.to_token(latents.draw(1, builders.Z_DIM, "normal"))
    assert_problem(client.post("/v1/models/classes/sample", json={"latents": [{"token": token}]}), 422)
    assert len(generated(client, {"latents": [{"token": token}], "class": 1}, "classes")) == 1


@pytest.mark.parametrize("body", [{"class": 0}, {"latents": [{"seed": 1, "class": 0}]}])
def test_an_unconditional_model_refuses_a_class(client, body):
    assert_problem(client.post(SAMPLE, json=body), 422)
