import base64
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from service.pipelines import latents
from tests import builders
from tests.conftest import assert_problem

SIDE, Z_DIM = builders.SIDE, builders.Z_DIM
SAMPLE = "/v1/models/tiny/sample"


def drawn(client, body, model="tiny"):
    """The pictures of a request as the JSON answer holds them."""
    answer = client.post(f"/v1/models/{model}/sample?format=json", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["images"]


def arrays(client, body, model="tiny"):
    answer = client.post(f"/v1/models/{model}/sample?format=npy", json=body)
    assert answer.status_code == 200, answer.text
    return np.load(io.BytesIO(answer.content))


# --- what is drawn


def test_an_empty_object_means_one_picture(client):
    answer = client.post(SAMPLE, json={})
    assert answer.headers["content-type"] == "image/png"
    assert builders.pixels(answer.content).shape == (SIDE, SIDE)
    assert len(drawn(client, {})) == 1


def test_a_picture_is_the_generator_of_the_seed_s_latent(client):
    from service.imaging.pixels import to_uint8
    from service.inference.session import Session

    expected = Session(builders.generator_graph(), 1).run({"latents": latents.draw(7, Z_DIM, "normal")[None]})
    np.testing.assert_array_equal(arrays(client, {"seeds": [7]}), to_uint8(expected))


def test_n_draws_fresh_random_seeds(client):
    one, two = drawn(client, {"n": 5}), drawn(client, {"n": 5})
    seeds = {picture["seed"] for picture in one + two}
    assert len(seeds) == 10
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_seeds_up_to_the_largest_are_drawn(client):
    assert [picture["seed"] for picture in drawn(client, {"seeds": [0, 2**63 - 1]})] == [0, 2**63 - 1]


def test_a_seed_twice_is_drawn_twice(client):
    first, second = drawn(client, {"seeds": [3, 3]})
    assert first == second


@pytest.mark.parametrize("model", ["tiny", "colour", "classes"])
def test_the_latent_of_a_json_answer_sent_back_unchanged_gives_the_same_picture(client, model):
    before = drawn(client, {"seeds": [1, 2, 3, 4]}, model)
    after = drawn(client, {"latents": [picture["latent"] for picture in before]}, model)
    for one, other in zip(before, after, strict=True):
        assert builders.same_pixels(base64.b64decode(one["data"]), base64.b64decode(other["data"]))
    assert [picture["latent"] for picture in after] == [picture["latent"] for picture in before]
    assert [picture["seed"] for picture in after] == [None] * 4


@pytest.mark.parametrize(
    "blend", [{"star": 1.0}, {"star": 0.25, "circle": 0.75}, {"star": 0.9995}, {"star": 1, "circle": 0}]
)
def test_a_blend_of_classes_comes_back_exactly(client, blend):
    before = drawn(client, {"seeds": [1], "class": blend}, "classes")
    after = drawn(client, {"latents": [before[0]["latent"]]}, "classes")
    assert builders.same_pixels(*(base64.b64decode(drawing[0]["data"]) for drawing in (before, after)))
    assert after[0]["latent"] == before[0]["latent"]


def test_a_vector_is_drawn_as_it_is(client):
    vector = latents.draw(5, Z_DIM, "normal")
    np.testing.assert_array_equal(
        arrays(client, {"latents": [{"vector": vector.tolist()}]}), arrays(client, {"seeds": [5]})
    )


def test_a_mean_is_the_mean_of_the_latents(client):
    expected = latents.mean([latents.draw(seed, Z_DIM, "normal") for seed in (1, 2)])
    (picture,) = drawn(client, {"latents": [{"mean": [{"seed": 1}, {"mean": [{"seed": 2}]}]}]})
    assert picture["latent"] == {"token": latents.to_token(expected)}
    assert picture["seed"] is None


def test_kinds_of_latents_may_be_mixed(client):
    token = latents.to_token(latents.draw(1, Z_DIM, "normal"))
    pictures = arrays(
        client, {"latents": [{"seed": 1}, {"token": token}, {"token": token + "="}, {"mean": [{"seed": 1}]}]}
    )
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)


def test_uniform_latents_are_within_one(client):
    for picture in drawn(client, {"n": 8}, "colour"):
        assert np.abs(latents.from_token(picture["latent"]["token"], Z_DIM)).max() <= 1.0


# --- truncation


def test_truncation_multiplies_latents_drawn_from_seeds(client):
    full = latents.draw(4, Z_DIM, "normal")
    (picture,) = drawn(client, {"seeds": [4], "truncation": 0.5})
    np.testing.assert_allclose(latents.from_token(picture["latent"]["token"], Z_DIM), 0.5 * full, rtol=1e-6)


def test_truncation_leaves_vectors_and_tokens_alone(client):
    point = latents.draw(4, Z_DIM, "normal")
    given = [{"vector": point.tolist()}, {"token": latents.to_token(point)}]
    np.testing.assert_array_equal(
        arrays(client, {"latents": given, "truncation": 0.1}), arrays(client, {"latents": given})
    )


def test_the_seeds_of_a_mean_are_truncated_too(client):
    (picture,) = drawn(client, {"latents": [{"mean": [{"seed": 4}]}], "truncation": 0.5})
    (expected,) = drawn(client, {"seeds": [4], "truncation": 0.5})
    assert picture["latent"] == expected["latent"]


@pytest.mark.parametrize("value", [0, -0.5, 1.01, 1e400, "0.5", True, None])
def test_truncation_outside_its_range_is_refused(client, value):
    body = json.dumps({"n": 1, "truncation": value})
    assert_problem(client.post(SAMPLE, content=body), 422)


# --- classes


@pytest.mark.parametrize("reference", ["star", 2, {"star": 1.0}])
def test_a_class_is_a_name_an_index_or_a_blend(client, reference):
    (picture,) = drawn(client, {"seeds": [1], "class": reference}, "classes")
    assert picture["class"] == "star"
    assert picture["latent"]["class"] == "star"
    np.testing.assert_array_equal(
        arrays(client, {"seeds": [1], "class": reference}, "classes"),
        arrays(client, {"seeds": [1], "class": "star"}, "classes"),
    )


def test_the_class_changes_the_picture_but_not_the_latent(client):
    (circle,), (star,) = (drawn(client, {"seeds": [1], "class": name}, "classes") for name in ("circle", "star"))
    assert circle["latent"]["token"] == star["latent"]["token"]
    assert circle["data"] != star["data"]


def test_a_conditional_model_draws_the_class_from_the_seed(client):
    pictures = drawn(client, {"seeds": list(range(20))}, "classes")
    assert [picture["class"] for picture in pictures] == [
        builders.CLASSES[latents.draw_class(seed, 3)] for seed in range(20)
    ]


def test_a_latent_s_own_class_comes_before_the_request_s(client):
    pictures = drawn(client, {"latents": [{"seed": 1, "class": 0}, {"seed": 1}], "class": "star"}, "classes")
    assert [picture["class"] for picture in pictures] == ["circle", "star"]


def test_class_zero_is_a_class(client):
    (picture,) = drawn(client, {"latents": [{"mean": [{"seed": 1}, {"seed": 2, "class": 0}]}], "class": 0}, "classes")
    assert picture["class"] == "circle"


def test_a_mean_blends_the_classes(client):
    (picture,) = drawn(
        client, {"latents": [{"mean": [{"seed": 1, "class": "circle"}, {"seed": 2, "class": "star"}]}]}, "classes"
    )
    assert picture["class"] == {"circle": 0.5, "star": 0.5}


@pytest.mark.parametrize(
    "reference", [3, -1, "moon", "", True, 1.0, {"circle": 0.5}, {"moon": 1.0}, {}, 10**30, ["star"]]
)
def test_an_unknown_class_is_refused(client, reference):
    assert_problem(client.post("/v1/models/classes/sample", json={"class": reference}), 422)


def test_a_token_without_a_class_is_refused_by_a_conditional_model(client):
    token = latents.to_token(latents.draw(1, Z_DIM, "normal"))
    assert_problem(client.post("/v1/models/classes/sample", json={"latents": [{"token": token}]}), 422)
    assert len(drawn(client, {"latents": [{"token": token}], "class": 1}, "classes")) == 1


@pytest.mark.parametrize("body", [{"class": 0}, {"latents": [{"seed": 1, "class": 0}]}])
def test_an_unconditional_model_refuses_a_class(client, body):
    assert_problem(client.post(SAMPLE, json=body), 422)


# --- answers


def test_x_seed_names_the_seeds_used(client):
    answer = client.post(SAMPLE, json={"seeds": [5, 1, 9]})
    assert answer.headers["x-seed"] == "5,1,9"
    fresh = client.post(SAMPLE, json={})
    again = client.get(f"{SAMPLE}?seed={fresh.headers['x-seed']}")
    assert again.content == fresh.content


def test_x_seed_is_absent_where_no_seed_drew(client):
    answer = client.post(SAMPLE, json={"latents": [{"vector": [0.0] * Z_DIM}]})
    assert "x-seed" not in answer.headers


def test_every_answer_names_its_model_and_its_times(client):
    answer = client.post(SAMPLE, json={"n": 2})
    assert answer.headers["x-model"] == "tiny@1"
    times = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
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
def test_several_pictures_are_a_grid(client, n, columns, shape):
    answer = client.get(SAMPLE, params={"seed": 3, "n": n} | ({"columns": columns} if columns else {}))
    grid = builders.pixels(answer.content)
    assert grid.shape == (shape[0] * SIDE, shape[1] * SIDE)
    cells = arrays(client, {"seeds": list(range(3, 3 + n))})[..., 0]
    for index, cell in enumerate(cells):
        top, left = SIDE * (index // shape[1]), SIDE * (index % shape[1])
        np.testing.assert_array_equal(grid[top : top + SIDE, left : left + SIDE], cell)


@pytest.mark.parametrize("columns", [0, -1, 3, "2", 1.5, True])
def test_columns_outside_one_to_n_are_refused(client, columns):
    assert_problem(client.post(SAMPLE, json={"n": 2, "columns": columns}), 422)


@pytest.mark.parametrize(("form", "kind", "pillow"), [
    ("png", "image/png", "PNG"), ("jpeg", "image/jpeg", "JPEG"), ("webp", "image/webp", "WEBP"),
])  # fmt: skip
@pytest.mark.parametrize("model", ["tiny", "colour"])
def test_pictures_come_in_every_still_format(client, form, kind, pillow, model):
    answer = client.get(f"/v1/models/{model}/sample", params={"seed": 1, "n": 4, "format": form})
    assert answer.headers["content-type"] == kind
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.format == pillow
        assert image.size == (2 * SIDE, 2 * SIDE)


def test_a_zip_holds_one_png_a_picture(client):
    answer = client.get(f"{SAMPLE}?seed=1&n=3&format=zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        pictures = [archive.read(name) for name in sorted(archive.namelist())]
    assert pictures == [client.get(f"{SAMPLE}?seed={seed}").content for seed in (1, 2, 3)]


def test_json_holds_the_pictures_and_what_drew_them(client):
    answer = client.get(f"{SAMPLE}?seed=1&n=2&format=json")
    assert answer.headers["content-type"] == "application/json"
    document = answer.json()
    assert set(document) == {"model", "images"}
    assert document["model"] == "tiny@1"
    for picture, seed in zip(document["images"], (1, 2), strict=True):
        assert set(picture) == {"seed", "latent", "class", "content_type", "data"}
        assert (picture["seed"], picture["class"], picture["content_type"]) == (seed, None, "image/png")
        assert base64.b64decode(picture["data"]) == client.get(f"{SAMPLE}?seed={seed}").content


@pytest.mark.parametrize(("model", "channels"), [("tiny", 1), ("colour", 3)])
@pytest.mark.parametrize("n", [1, 3])
def test_npy_is_always_of_four_axes(client, model, channels, n):
    answer = client.post(f"/v1/models/{model}/sample", json={"n": n}, headers={"Accept": "application/x-npy"})
    assert answer.headers["content-type"] == "application/x-npy"
    values = np.load(io.BytesIO(answer.content), allow_pickle=False)
    assert values.dtype == np.uint8
    assert values.shape == (n, SIDE, SIDE, channels)


def test_post_refuses_query_parameters_it_does_not_know(client):
    assert_problem(client.post(f"{SAMPLE}?seed=1", json={}), 422)


# --- bad bodies


@pytest.mark.parametrize(
    "body",
    [
        {"n": 0}, {"n": -1}, {"n": 10**9}, {"n": "4"}, {"n": 4.5}, {"n": True}, {"n": 65}, {"n": [1]}, {"n": {}},
        {"seeds": []}, {"seeds": [-1]}, {"seeds": [2**63]}, {"seeds": [2**64]}, {"seeds": [1.5]}, {"seeds": ["1"]},
        {"seeds": 1}, {"seeds": [[1]]}, {"seeds": [True]}, {"seeds": list(range(65))}, {"seeds": [None]},
        {"n": 1, "seeds": [1]}, {"n": 1, "latents": [{"seed": 1}]}, {"seeds": [1], "latents": [{"seed": 1}]},
        {"latents": []}, {"latents": {}}, {"latents": [1]}, {"latents": [{}]}, {"latents": [{"seed": -1}]},
        {"latents": [[0.0] * 8]}, {"latents": [None]},
        {"latents": [{"seed": 1, "vector": [0.0] * 8}]}, {"latents": [{"seed": 1, "extra": 1}]},
        {"latents": [{"vector": []}]}, {"latents": [{"vector": [0.0] * 7}]}, {"latents": [{"vector": [0.0] * 9}]},
        {"latents": [{"vector": [[0.0] * 8]}]}, {"latents": [{"vector": ["0"] * 8}]}, {"latents": [{"vector": 0.0}]},
        {"latents": [{"vector": [True] * 8}]}, {"latents": [{"vector": [1e39] * 8}]}, {"latents": [{"vector": "AAAA"}]},
        {"latents": [{"token": ""}]}, {"latents": [{"token": "!"}]}, {"latents": [{"token": "AAAA"}]},
        {"latents": [{"token": 1}]}, {"latents": [{"mean": []}]}, {"latents": [{"mean": {"seed": 1}}]},
        {"latents": [{"mean": [{"seed": 1}] * 1025}]}, {"latents": [{"mean": [{"seed": 1}] * 600}] * 2},
        {"seed": 1}, {"N": 1}, {"class_": 0}, {"columns": 0}, [], 1, "n", None, [{"n": 1}],
    ],
)  # fmt: skip
def test_a_bad_body_is_refused(client, body):
    assert_problem(client.post(SAMPLE, json=body), 422)


def nested(depth: int) -> dict:
    latent = {"seed": 1}
    for _ in range(depth):
        latent = {"mean": [latent]}
    return {"latents": [latent]}


def test_means_nest_eight_deep_and_no_deeper(client):
    assert client.post(SAMPLE, json=nested(8)).status_code == 200
    assert_problem(client.post(SAMPLE, json=nested(9)), 422)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"{", b"nonsense", b'{"n": 1,}', b"{'n': 1}", b'{"n": 01}', b"\xff\xfe{}", b'{"class": "\xff"}',
        b"\x00",
        b'{"class": "\\ud800"}', b'{"\\ud800": 1}', b'{"latents": [{"token": "\\udfff"}]}', b'{"n": 1} {"n": 1}',
        b'{"latents": [{"vector": [NaN, 0, 0, 0, 0, 0, 0, 0]}]}',
        b'{"latents": [{"vector": [Infinity, 0, 0, 0, 0, 0, 0, 0]}]}',
        b'{"latents": [{"vector": [-1e400, 0, 0, 0, 0, 0, 0, 0]}]}', b'{"n": NaN}', b'{"n": 1e400}',
        b'{"truncation": NaN}',
        b'{"n": ' + b"9" * 5000 + b"}", b'{"seeds": [' + b"9" * 5000 + b"]}", b'{"class": ' + b"9" * 4000 + b"}",
        b"[" * 10_000, b"[" * 10_000 + b"]" * 10_000, b'{"latents": [' + b'{"mean": [' * 1000,
        b'{"a": ' * 5000 + b"1" + b"}" * 5000,
        json.dumps(nested(100)).encode(),
        b'{"latents": [' + b'{"mean": [' * 1000 + b'{"seed": 1}' + b"]}" * 1000 + b"]}",
    ],
)  # fmt: skip
def test_a_body_that_is_no_good_json_is_refused(client, raw):
    assert_problem(client.post(SAMPLE, content=raw), 422)


def test_a_key_twice_counts_once(client):
    answer = client.post(f"{SAMPLE}?format=npy", content=b'{"n": 1, "n": 3}')
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("value", [1e38, -1e38, 3.4e38, 1e-45, 0.0])
def test_extreme_vectors_are_drawn_or_refused(client, value):
    answer = client.post(SAMPLE, json={"latents": [{"vector": [value] * Z_DIM}, {"seed": 1}]})
    assert answer.status_code in (200, 422)


def test_errors_name_the_field(client):
    document = assert_problem(client.post(SAMPLE, json={"seeds": [1, -1], "extra": 1}), 422)
    fields = {error["field"] for error in document["errors"]}
    assert "seeds.1" in fields
    assert "extra" in fields
    assert all(error["detail"] for error in document["errors"])


def test_a_model_that_is_not_served_is_not_found_whatever_the_body(client):
    assert_problem(client.post("/v1/models/nobody/sample", json={}), 404, "model-not-found")
