import re
from importlib.resources import files
from pathlib import Path

import pytest

from tests.conftest import assert_problem

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
        for status, response in call["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (path, status)
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


def test_the_playground_is_served_whole(client):
    response = client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    folder = files("service") / "playground"
    names = {path.relative_to(str(folder)).as_posix() for path in Path(str(folder)).rglob("*.*")} - {"index.html"}
    assert {"app.js", "style.css", "views/interpolate.js"} <= names
    kinds = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    for name in names:
        response = client.get(f"/playground/{name}")
        assert response.status_code == 200
        assert response.headers["content-type"] == kinds[name.rpartition(".")[2]]
        assert response.headers["cache-control"] == "no-cache"
        head = client.head(f"/playground/{name}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == response.headers["content-length"]
        held = {"If-None-Match": response.headers["etag"]}
        assert client.get(f"/playground/{name}", headers=held).status_code == 304


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "index.html", "views", "../guard.py", "%2e%2e/guard.py", "a%00b.js"]
)
def test_nothing_else_lies_beside_the_playground(client, name):
    assert_problem(client.get(f"/playground/{name}"), 404, "not-found")


def test_the_playground_is_read_only(client):
    response = client.post("/playground/app.js")
    assert_problem(response, 405)
    assert response.headers["allow"] == "GET, HEAD"


def test_every_module_of_the_playground_imports_what_is_there(client):
    """Each begins with `@ts-check` and a comment on what it does."""
    modules = Path(str(files("service") / "playground"))
    for path in modules.rglob("*.js"):
        text = path.read_text()
        assert text.startswith("// @ts-check\n/** "), path
        assert len(text.splitlines()) < 250, path
        for name in re.findall(r'from "([^"]+)"', text):
            assert name.startswith("."), (path, name)
            assert (path.parent / name).is_file(), (path, name)


def test_pages_fetch_nothing_from_elsewhere(client):
    for path in ("/", "/docs"):
        text = client.get(path).text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)
    for source in re.findall(r'(?:src|href)="(/[^"]*)"', client.get("/docs").text):
        assert client.get(source).status_code == 200, source
