"""Sample requests that are refused, and the errors that they get."""

import json

import pytest

from tests import builders
from tests.api.sampling import SAMPLE
from tests.conftest import assert_problem


def test_post_refuses_query_parameters_it_does_not_know(client):
    assert_problem(client.post(f"{SAMPLE}?seed=1", json={}), 422)


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
    response = client.post(f"{SAMPLE}?format=npy", content=b'{"n": 1, "n": 3}')
    assert response.status_code in (200, 422)


@pytest.mark.parametrize("value", [1e38, -1e38, 3.4e38, 1e-45, 0.0])
def test_extreme_vectors_are_generated_or_refused(client, value):
    response = client.post(SAMPLE, json={"latents": [{"vector": [value] * builders.Z_DIM}, {"seed": 1}]})
    assert response.status_code in (200, 422)


def test_errors_name_the_field(client):
    document = assert_problem(client.post(SAMPLE, json={"seeds": [1, -1], "extra": 1}), 422)
    fields = {error["field"] for error in document["errors"]}
    assert "seeds.1" in fields
    assert "extra" in fields
    assert all(error["detail"] for error in document["errors"])


def test_a_model_that_is_not_served_is_not_found_whatever_the_body(client):
    assert_problem(client.post("/v1/models/nobody/sample", json={}), 404, "model-not-found")
