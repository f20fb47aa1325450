import dataclasses

import numpy as np
import pytest
from ganvas_client import Mean, Sum, direction, mean, seed, token, vector
from ganvas_client.latents import of_json


def test_sum_is_an_arithmetic_request():
    expression = mean(seed(1), seed(2)) - seed(3) + 2 * token("AAAA") / 4 + direction("smile") * 1.5 - direction("age")
    assert expression.json() == {
        "terms": [
            {"weight": 1.0, "latents": [{"mean": [{"seed": 1}, {"seed": 2}]}]},
            {"weight": -1.0, "latents": [{"seed": 3}]},
            {"weight": 0.5, "latents": [{"token": "AAAA"}]},
        ],
        "directions": [{"name": "smile", "weight": 1.5}, {"name": "age", "weight": -1.0}],
    }


def test_sums_multiply_and_negate_throughout():
    expression = -(2 * (seed(1) - 3 * seed(2) + direction("smile")))
    assert expression.terms == ((-2.0, seed(1)), (6.0, seed(2)))
    assert expression.directions == ((-2.0, "smile"),)


def test_a_mean_of_latents_is_a_latent_and_of_sums_a_sum():
    assert isinstance(mean(seed(1), mean(seed(2))), Mean)
    assert mean(seed(1), seed(2), class_=3).json() == {"mean": [{"seed": 1}, {"seed": 2}], "class": 3}
    assert mean(seed(1) + seed(2), seed(3)) == Sum(((0.5, seed(1)), (0.5, seed(2)), (0.5, seed(3))))
    with pytest.raises(ValueError, match="at least one"):
        mean()
    with pytest.raises(ValueError, match="no class"):
        mean(seed(1) + seed(2), class_=1)


def test_classes_are_indices_names_and_weights():
    assert seed(7, 2).json() == {"seed": 7, "class": 2}
    assert seed(7, "star").json() == {"seed": 7, "class": "star"}
    assert seed(7, {"star": 0.25, "square": 0.75}).json() == {"seed": 7, "class": {"star": 0.25, "square": 0.75}}


def test_latents_are_values():
    assert seed(7) == seed(7) != seed(8)
    assert len({seed(7), seed(7), vector([1, 2]), vector(np.array([1.0, 2.0])), token("a", {"star": 1.0})}) == 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        seed(7).seed = 8


@pytest.mark.parametrize(
    "latent", [seed(7), vector([0.5, 1], "star"), token("AAAA", {"a": 1.0}), mean(seed(1), seed(2))]
)
def test_latent_of_a_response_is_the_same_value(latent):
    assert of_json(latent.json()) == latent


def test_invalid_operands_are_refused():
    with pytest.raises(TypeError):
        seed(1) + 1
    with pytest.raises(TypeError):
        seed(1) * seed(2)
    with pytest.raises(TypeError):
        seed(1) / "2"
    with pytest.raises(ValueError, match="needs a latent"):
        (2 * direction("smile")).json()
    with pytest.raises(ValueError, match="not a latent"):
        of_json({"other": 1})
