import re

import pytest

from tests import builders

CALLS = {
    "/v1/models": {"get"}, "/v1/models/{model}": {"get"}, "/v1/models/{model}/preview": {"get"},
    "/v1/models/{model}/sample": {"get", "post"}, "/v1/models/{model}/interpolate": {"post"},
    "/v1/models/{model}/arithmetic": {"post"}, "/v1/models/{model}/discriminate": {"post"},
    "/v1/models/{model}/translate": {"post"}, "/v1/reproduce": {"post"},
    "/v1/models/{model}/encode": {"post"},
    "/livez": {"get"}, "/readyz": {"get"}, "/metrics": {"get"},
}  # fmt: skip


@pytest.fixture(scope="module")
def page(client):
    return client.get("/openapi.json").json()


def references(node):
    """Every `$ref` below a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_openapi_page_has_every_call(page):
    assert page["openapi"].startswith("3.")
    assert CALLS.items() <= {path: set(calls) for path, calls in page["paths"].items()}.items()


def test_every_reference_of_the_openapi_page_leads_somewhere(page):
    found = set(references(page))
    assert "#/components/schemas/SampleRequest" in found
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in page["components"]["schemas"], reference


def test_operations_have_names_of_their_own(page):
    names = [call["operationId"] for calls in page["paths"].values() for call in calls.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", [path for path in CALLS if "{model}" in path])
def test_failures_are_described_as_problem_documents(page, path):
    for call in page["paths"][path].values():
        for status, answer in call["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
        assert {"404", "503"} <= set(call["responses"])


def test_the_examples_of_the_openapi_page_work(client, page):
    for name, call, model in (
        ("SampleRequest", "sample", "tiny"),
        ("InterpolateRequest", "interpolate", "tiny"),
        ("ArithmeticRequest", "arithmetic", "tiny"),
    ):
        examples = page["components"]["schemas"][name]["examples"]
        assert examples
        for example in examples:
            assert client.post(f"/v1/models/{model}/{call}", json=example).status_code == 200


def test_the_home_page_shows_the_served_models(client):
    answer = client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    for source in re.findall(r'(?:src|href)="(/[^"]*)"', answer.text):
        assert client.get(source).status_code == 200, source
    for model in ("tiny", "colour", "classes", "critic"):
        assert f"/v1/models/{model}@1/preview" in answer.text
    assert "/docs" in answer.text


def test_pages_fetch_nothing_from_elsewhere(client):
    for path in ("/", "/docs"):
        text = client.get(path).text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    for source in re.findall(r'(?:src|href)="(/[^"]*)"', client.get("/docs").text):
        assert client.get(source).status_code == 200, source


def test_what_a_package_says_of_itself_is_text_on_the_page(tmp_path, serve):
    builders.write_package(tmp_path, description="<script>alert(1)</script>")
    with serve(tmp_path) as client:
        assert "<script>alert" not in client.get("/").text


def test_without_models_the_home_page_says_so(tmp_path, serve):
    with serve(tmp_path) as client:
        assert "No model" in client.get("/").text
