"""The calls whose functions read the request themselves: queries, paths and methods, as FastAPI's routes treat them."""

import pytest

from service.http.routers import DIRECT_ROUTES, ROUTERS
from tests import builders
from tests.conftest import assert_problem

SAMPLE, TRANSLATE = "/v1/models/{}/sample?{}", "/v1/models/{}/translate?{}"
VALID = [
    "seed=7&n=3",
    "seed=%37",
    "%73eed=7",
    "seed=7&",
    "seed=7&&n=1",
    "seed=7&truncation=.5",
    "seed=1&n=2&format=json",
]
INVALID = {
    "seed=7;n=1": "query.seed",
    "seed=": "query.seed",
    "seed": "query.seed",
    "seed=+7": "query.seed",
    "seed=-1": "query.seed",
    "seed=7&x=1": "query.x",
    "seed=7&class_=1": "query.class_",
    "seed=7&truncation=0": "query.truncation",
    "seed=9223372036854775808": "query.seed",
    "seed=1&format=PNG": "query.format",
    "seed=%ff": "query.seed",
    "seed=1&%ff=1": "query.\ufffd",
}


@pytest.mark.parametrize("query", VALID)
def test_a_valid_query_generates_images(client, query):
    assert client.get(SAMPLE.format("tiny", query)).status_code == 200


@pytest.mark.parametrize(("query", "field"), INVALID.items())
def test_an_invalid_query_names_its_field(client, query, field):
    problem = assert_problem(client.get(SAMPLE.format("tiny", query)), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "query", ["seed=7&seed=7", "seed=7&class=1", "seed=7&class=", "seed=1&n=65", "seed=1&columns=2"]
)
def test_a_query_that_is_not_allowed_is_refused(client, query):
    assert_problem(client.get(SAMPLE.format("tiny", query)), 422, "invalid")


def test_errors_have_the_order_of_the_framework(client):
    raw = builders.image_file(24, 20)
    assert_problem(client.get(SAMPLE.format("nosuch", "seed=1&seed=1")), 422)
    assert_problem(client.get(SAMPLE.format("nosuch", "seed=x")), 404, "model-not-found")
    problem = assert_problem(client.post(SAMPLE.format("tiny", "x=1"), content=b"{}x"), 422)
    assert [error["field"] for error in problem["errors"]] == ["body"]
    assert_problem(client.post(TRANSLATE.format("tiny", "x=1"), content=raw), 409, "not-supported")
    assert_problem(client.post(TRANSLATE.format("darker", "x=1"), content=raw[:60]), 422)
    assert_problem(client.post(TRANSLATE.format("darker", ""), content=raw[:60]), 415, "not-an-image")


@pytest.mark.parametrize("name", ["nosuch", "tiny@-1", "%2e%2e", "tiny%0a", "tiny%2fsample"])
def test_a_name_that_is_no_models_is_not_found(client, name):
    assert client.get(SAMPLE.format(name, "seed=7")).status_code == 404
    assert client.post(TRANSLATE.format(name, ""), content=builders.image_file(24, 20)).status_code == 404


def test_methods_are_those_that_the_openapi_page_has(client):
    refused = client.put(SAMPLE.format("tiny", ""))
    assert_problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "GET, HEAD, POST"
    assert client.get(TRANSLATE.format("darker", "")).headers["allow"] == "POST"
    head = client.head(SAMPLE.format("tiny", "seed=7"))
    assert (head.status_code, head.headers["x-seed"]) == (200, "7")


def test_each_has_a_route_of_the_same_function_that_describes_it():
    described = {
        (route.path, method): route.endpoint
        for router in ROUTERS
        for route in router.routes
        for method in route.methods
    }
    for route in DIRECT_ROUTES:
        for method in route.methods:
            assert described[route.path, method] is route.endpoint


def test_the_metrics_name_their_route(client):
    client.get(SAMPLE.format("tiny", "seed=7"))
    text = client.get("/metrics").text
    assert 'ganvas_request_seconds_count{method="GET",route="/v1/models/{model}/sample",status="200"}' in text
