"""The short way gives the answers of the long one: to the byte, with the same headers and the same numbers."""

import re

import pytest
from starlette.testclient import TestClient

from service.http.app import create_app
from service.http.express import Express
from service.settings import Settings
from tests import builders
from tests.conftest import wait_until_scanned

SAMPLE, TRANSLATE = "/v1/models/{}/sample?{}", "/v1/models/{}/translate?{}"
QUERIES = [
    "seed=7&n=3",
    "seed=%37",
    "%73eed=7",
    "seed=7&",
    "seed=7&&n=1",
    "seed=7;n=1",
    "seed=",
    "seed",
    "seed=+7",
    "seed=-1",
    "seed=7&seed=7",
    "seed=7&x=1",
    "seed=7&class=1",
    "seed=7&class_=1",
    "seed=7&class=",
    "class=zzz&seed=1",
    "seed=7&truncation=.5",
    "seed=7&truncation=0",
    "seed=9223372036854775807",
    "seed=9223372036854775807&n=2",
    "seed=1&n=65",
    "seed=1&columns=2",
    "seed=1&format=gif",
    "seed=1&format=PNG",
    "seed=1&n=2&format=json",
    "seed=1&format=zip",
    "seed=%ff",
    "seed=1&%ff=1",
]
NAMES = ["tiny@1", "classes", "darker", "nosuch", "tiny@-1", "%2e%2e", "tiny%0a", "tiny%2fsample", "%74iny"]
HEADERS = (
    {"accept": "image/webp"},
    {"accept": "*/*;q=0"},
    {"accept": "x"},
    {"if-none-match": "*"},
    {"content-encoding": "gzip"},
    {"content-type": "multipart/form-data"},
    {"x-request-id": "mine"},
)
BODIES = (b"", b"{}x", b"[]", b'{"seeds": []}', b'{"n": 4.5}', b'{"latents": [{"seed": 3}]}', b"\xff", b" " * 2_000_000)


def calls() -> list[tuple[str, str, dict[str, str], bytes | None]]:
    raw, body = builders.image_file(24, 20), b'{"seeds": [1, 2]}'
    found = [("GET", SAMPLE.format("tiny", query), {}, None) for query in QUERIES]
    found += [("POST", SAMPLE.format("classes", query), {}, body) for query in ("", "x=1", "format=json", "format=gif")]
    for name in NAMES:
        found += [("GET", SAMPLE.format(name, "seed=7"), {}, None), ("POST", TRANSLATE.format(name, ""), {}, raw)]
    for headers in HEADERS:
        found += [
            ("GET", SAMPLE.format("tiny", "seed=7"), headers, None),
            ("POST", SAMPLE.format("tiny", ""), headers, body),
        ]
        found += [("POST", TRANSLATE.format("darker", ""), headers, raw)]
    found += [("POST", SAMPLE.format("tiny", ""), {}, body) for body in BODIES]
    for query in ("cycle=true", "cycle=1", "fit=resize", "fit=x", "columns=2", "format=zip", "x=1"):
        found += [("POST", TRANSLATE.format("darker", query), {}, sent) for sent in (raw, raw[:60])]
    return found


def told(answer) -> tuple[int, list[tuple[str, str]], bytes]:
    """All that may not differ: of times their names, and of names that are drawn nothing."""
    headers = dict(answer.headers)
    headers["server-timing"] = ",".join(re.findall(r"(\w+);dur", headers.get("server-timing", "")))
    headers["x-request-id"] = str(headers["x-request-id"] == "mine")
    return answer.status_code, sorted(headers.items()), answer.content


@pytest.mark.parametrize("settings", [{}, {"metadata": False, "api_keys": "k", "max_images": 2}])
def test_the_short_way_answers_as_the_long_one_does(models, settings):
    answers, numbers = [], []
    for is_short in (True, False):
        app = create_app(Settings(models_dir=models, **settings))
        if not is_short:
            app.user_middleware = [layer for layer in app.user_middleware if layer.cls is not Express]
        with TestClient(app, raise_server_exceptions=False, headers={"x-api-key": "k"}) as client:
            client.portal.call(wait_until_scanned, app)
            asked = [client.request(method, url, headers=h, content=body) for method, url, h, body in calls()]
            answers.append([told(answer) for answer in asked])
            text = client.get("/metrics").text
            numbers.append(
                re.findall(r"^ganvas_(?:request_seconds_count|refusals_total|phase_seconds_count).*", text, re.M)
            )
    for call, short, long in zip(calls(), *answers, strict=True):
        assert short == long, call[:3]
    assert sorted(numbers[0]) == sorted(numbers[1])
    assert {status for status, _, _ in answers[0]} >= {200, 400, 404, 406, 409, 413, 415, 422}
