import inspect
import json

import pytest
from fastapi import Request

from service import errors
from service.errors import FieldError, GanvasError
from service.http import openapi, problems

LEAVES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, GanvasError)
    and kind not in (GanvasError, errors.RequestError)
    and not issubclass(kind, errors.PackageError)
]


@pytest.mark.parametrize("kind", LEAVES)
def test_every_error_that_reaches_a_client_has_a_status_and_is_on_the_openapi_page(kind):
    known = next(problems.KINDS[parent] for parent in kind.__mro__ if parent in problems.KINDS)
    assert 400 <= known[0] <= 504
    if kind in problems.KINDS:
        ((status, page),) = openapi.error_responses(kind).items()
        assert status == known[0]
        assert list(page["content"]) == [problems.MEDIA_TYPE]


def test_every_error_stands_in_the_documented_tree():
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, GanvasError):
            assert f" {name} " in errors.__doc__ or name == "GanvasError" or f"── {name}\n" in errors.__doc__, name


def test_the_statuses_in_the_documented_tree_are_those_of_responses():
    for line in errors.__doc__.splitlines():
        words = line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()
        if len(words) > 1 and words[1].isdigit() and words[0] in vars(errors):
            kind = getattr(errors, words[0])
            answered = next((problems.KINDS[parent][0] for parent in kind.__mro__ if parent in problems.KINDS), None)
            assert answered in (None, int(words[1])), line


def test_a_problem_without_fields_leaves_errors_out():
    body = problems.document(409, "not-supported", "Title", "Detail", "/path")
    assert body == {
        "type": "urn:ganvas:problem:not-supported", "title": "Title", "status": 409, "detail": "Detail",
        "instance": "/path",
    }  # fmt: skip


def test_fields_are_listed():
    document = problems.document(422, "invalid", "T", "D", "/", (FieldError("a.0", "bad"),))
    assert document["errors"] == [{"field": "a.0", "detail": "bad"}]


def test_a_fault_of_our_own_reveals_nothing_of_the_inside():
    request = Request({"type": "http", "path": "/path", "headers": [], "server": ("host", 80)})
    body = json.loads(problems.internal(request).body)
    assert (body["status"], body["type"]) == (500, "urn:ganvas:problem:internal")
