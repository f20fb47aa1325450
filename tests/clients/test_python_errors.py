"""Errors, retries and API keys of the Python client."""

import json

import ganvas_client
import httpx
import pytest
from ganvas_client import (
    BrokenAnswer,
    Client,
    ConnectionFailed,
    Invalid,
    NotFound,
    NotSupported,
    RateLimited,
    Retries,
    ServerError,
    TimedOut,
    Unauthorized,
    Unavailable,
    seed,
)
from ganvas_client import client as sync_module

from tests.clients.both_clients import BothClients
from tests.conftest import listening


def test_errors_are_one_tree_with_the_detail_of_the_service(ganvas):
    with pytest.raises(NotFound, match="no model 'nothing' is served") as caught:
        ganvas.sample("nothing")
    assert caught.value.status == 404
    assert caught.value.problem.type == "urn:ganvas:problem:model-not-found"
    assert caught.value.problem.request_id
    with pytest.raises(Invalid) as wrong:
        ganvas.sample("tiny", truncation=2.0)
    assert wrong.value.problem.errors[0][0] == "truncation"
    with pytest.raises(NotSupported, match="translates images"):
        ganvas.sample("darker")
    with pytest.raises(Invalid):
        ganvas.stream("tiny", seed(1), seed(2), steps=500)
    with pytest.raises(NotFound):
        ganvas.model("../../livez")


def test_api_keys(models):
    with listening(models, api_keys=("secret",)) as port:
        url = f"http://127.0.0.1:{port}"
        assert len(BothClients(url, api_key="secret").sample("tiny", seeds=[1])) == 1
        with pytest.raises(Unauthorized):
            BothClients(url).sample("tiny", seeds=[1])
        assert BothClients(url).is_ready()


def test_client_waits_for_its_rate(models):
    with listening(models, rate_limit="1/second") as port:
        with Client(f"http://127.0.0.1:{port}") as waiting_client:
            assert [len(waiting_client.sample("tiny", seeds=[n])) for n in range(3)] == [1, 1, 1]
        with Client(f"http://127.0.0.1:{port}", retries=Retries(most=0)) as failing_client, pytest.raises(RateLimited):
            [failing_client.sample("tiny", seeds=[number]) for number in range(9)]


def scripted(responses):
    """A transport that returns these responses in order."""
    left = iter(responses)

    def respond(_request):
        return next(left)

    return httpx.MockTransport(respond)


EMPTY = httpx.Response(200, json={"model": "m@1", "images": []})


@pytest.mark.parametrize("stream", [False, True])
def test_refusals_are_retried_after_their_retry_after(monkeypatch, stream):
    waited = []
    monkeypatch.setattr(sync_module.time, "sleep", waited.append)
    busy = [httpx.Response(503, headers={"Retry-After": text}) for text in ("3", "Wed, 21 Oct 2015 07:28:00 GMT", "x")]
    last = httpx.Response(200, text="event: done\ndata: {}\n\n") if stream else EMPTY
    transport = scripted([*busy, httpx.Response(429, headers={"Retry-After": "500"}), last])
    client = Client(transport=transport, retries=Retries(longest_s=10.0))
    if stream:
        assert list(client.stream("m", seed(1), seed(2))) == []
    else:
        assert len(client.sample("m")) == 0
    bounds = [(3.0, 4.5), (0.5, 0.75), (1.0, 1.5), (10.0, 15.0)]
    assert all(minimum <= wait <= maximum for wait, (minimum, maximum) in zip(waited, bounds, strict=True))


def test_last_refusal_and_other_errors_are_raised(monkeypatch):
    waited = []
    monkeypatch.setattr(sync_module.time, "sleep", waited.append)
    with pytest.raises(Unavailable):
        Client(transport=scripted([httpx.Response(503)] * 3), retries=Retries(most=2)).sample("m")
    assert len(waited) == 2
    with pytest.raises(ServerError, match="no problem document") as caught:
        Client(transport=scripted([httpx.Response(502, text="<html>")])).sample("m")
    assert caught.value.status == 502
    assert len(waited) == 2


def test_waits_differ_between_clients():
    waits = {Retries().wait_s(0, 503, {"retry-after": "1"}) for _ in range(20)}
    assert len(waits) == 20


def test_responses_of_another_service_are_broken():
    for response in (
        httpx.Response(200, text="hello"),
        httpx.Response(200, json={"x": 1}),
        httpx.Response(200, json=[]),
    ):
        with pytest.raises(BrokenAnswer):
            Client(transport=scripted([response])).sample("m")


def test_missing_response_is_an_error_of_the_same_tree():
    with Client("http://127.0.0.1:9", timeout_s=5) as client:
        with pytest.raises(ConnectionFailed, match="cannot be reached"):
            client.sample("tiny")
        assert not client.is_ready()

    def late(request):
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(TimedOut):
        Client(transport=httpx.MockTransport(late)).sample("tiny")


def test_interrupted_or_failed_stream_raises():
    frame = "event: frame\ndata: " + json.dumps({"index": 0, "of": 2, "content_type": "image/png", "data": ""}) + "\n\n"
    frames = Client(transport=scripted([httpx.Response(200, text=frame)])).stream("m", seed(1), seed(2))
    assert next(frames).of == 2
    with pytest.raises(ConnectionFailed, match="ended before the last frame"):
        next(frames)
    problem = {"type": "urn:x", "title": "Deadline", "status": 504, "detail": "too late", "instance": "/"}
    text = f"{frame}event: error\ndata: {json.dumps(problem)}\n\n"
    frames = Client(transport=scripted([httpx.Response(200, text=text)])).stream("m", seed(1), seed(2))
    assert next(frames).of == 2
    with pytest.raises(ganvas_client.DeadlineExceeded, match="too late"):
        next(frames)
