import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import builders
from tests.conftest import assert_problem, converse
from tests.waiting import async_wait_until, wait_until

SAMPLE = "/v1/models/slow/sample"


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A package that takes about 20 ms per image."""
    folder = tmp_path_factory.mktemp("slow")
    builders.write_package(folder, "slow", generator=builders.slow_graph(500), discriminator=None)
    return folder


def waiting(client) -> int:
    return client.app.state.ganvas.repository.find("slow").generator.waiting_rows


def test_a_passed_deadline_is_504_and_frees_the_queue(slow, serve, gate):
    with serve(slow, deadline_s=0.5, max_batch_size=4) as client:
        with gate.closed():
            assert_problem(client.post(SAMPLE, json={"n": 40}), 504, "deadline-exceeded")
            assert waiting(client) == 0
        wait_until(lambda: client.get(f"{SAMPLE}?seed=1").status_code == 200)


def test_the_deadline_holds_while_the_body_is_read(models, serve):
    stalled = [{"type": "http.request", "body": b'{"n"', "more_body": True}]
    with serve(models, deadline_s=0.1) as client:
        started, *_ = asyncio.run(converse(client.app, "POST", "/v1/models/tiny/sample", stalled))
        assert started["status"] == 504
        assert (b"content-type", b"application/problem+json") in started["headers"]


def test_a_full_queue_is_503_with_retry_after_and_serves_what_it_admitted(slow, serve, gate):
    settings = {"max_queue_rows": 4, "max_batch_size": 2, "instances": 1}
    with serve(slow, **settings) as client, ThreadPoolExecutor(10) as clients, gate.closed():
        futures = [clients.submit(client.get, f"{SAMPLE}?seed={seed}&n=2") for seed in range(10)]
        wait_until(lambda: sum(future.done() for future in futures) == 7)  # one runs, and two wait
        gate.open()
        responses = [future.result() for future in futures]
        refused = [response for response in responses if response.status_code == 503]
        for response in refused:
            assert_problem(response, 503, "queue-full")
            assert int(response.headers["retry-after"]) >= 1
        served = [response for response in responses if response.status_code == 200]
        assert (len(served), len(refused)) == (3, 7)
        assert waiting(client) == 0
        for response in served[:2]:
            seed = response.headers["x-seed"].split(",")[0]
            assert client.get(f"{SAMPLE}?seed={seed}&n=2").content == response.content


def test_more_than_the_queue_ever_holds_is_too_large(models, serve):
    for limit in ({"max_queue_rows": 8}, {"max_queue_bytes": 8 * 32}):
        with serve(models, **limit) as client:
            assert client.post("/v1/models/tiny/sample", json={"n": 8}).status_code == 200
            assert_problem(client.post("/v1/models/tiny/sample", json={"n": 9}), 413, "too-large")


def test_a_client_that_leaves_frees_its_rows(slow, serve, gate):
    async def leave(app):
        async def once_it_waits():
            yield {"type": "http.request", "body": json.dumps({"n": 60}).encode()}
            generator = app.state.ganvas.repository.find("slow").generator
            await async_wait_until(lambda: gate.running == 1 and generator.waiting_rows == 58)
            yield {"type": "http.disconnect"}

        await converse(app, "POST", SAMPLE, once_it_waits())

    with serve(slow, max_batch_size=2, instances=1) as client:
        with gate.closed():
            client.portal.call(leave, client.app)
            wait_until(lambda: waiting(client) == 0)
        assert client.get(f"{SAMPLE}?seed=1").status_code == 200
        generated = 'ganvas_batch_rows_sum{model="slow@1",network="generator"} '
        (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(generated))
        assert float(line.split()[-1]) == 2 + 1  # of the 60 rows of the request, and the row of the next one


def test_the_service_is_alive_while_it_works(slow, serve, gate):
    with serve(slow) as client, ThreadPoolExecutor(1) as other, gate.closed():
        busy = other.submit(client.post, SAMPLE, json={"n": 10})
        wait_until(lambda: gate.running == 1)
        for _ in range(20):
            assert client.get("/livez").status_code == 200
        assert not busy.done()
        gate.open()
        assert busy.result().status_code == 200


def test_images_a_request_are_limited_by_a_setting(models, serve):
    with serve(models, max_images=3) as client:
        path = "/v1/models/tiny"
        assert client.post(f"{path}/sample", json={"n": 3}).status_code == 200
        assert_problem(client.post(f"{path}/sample", json={"n": 4}), 422)
        assert_problem(client.post(f"{path}/sample", json={"seeds": [1] * 4}), 422)
        assert_problem(client.post(f"{path}/sample", json={"latents": [{"seed": 1}] * 4}), 422)
        assert_problem(client.get(f"{path}/sample?seed=1&n=4"), 422)
        terms = {"terms": [{"latents": [{"seed": 1}]}]}
        assert client.post(f"{path}/arithmetic", json=terms | {"variations": 2}).status_code == 200
        assert_problem(client.post(f"{path}/arithmetic", json=terms | {"variations": 3}), 422)


@pytest.mark.parametrize("call", ["sample", "interpolate", "arithmetic"])
def test_a_json_body_beyond_the_limit_is_refused(client, call):
    padding = b" " * 1_048_576
    assert_problem(client.post(f"/v1/models/tiny/{call}", content=b"{}" + padding), 413, "too-large")


def test_a_body_of_100_mb_is_refused_before_it_is_read(client):
    taken = []

    def endless():
        for _ in range(100):
            taken.append(1)
            yield {"type": "http.request", "body": b" " * 1_000_000, "more_body": True}

    sent = asyncio.run(converse(client.app, "POST", "/v1/models/tiny/sample", endless()))
    assert sent[0]["status"] == 413
    assert len(taken) <= 2


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
@pytest.mark.parametrize("call", ["sample", "discriminate"])
def test_a_compressed_body_is_refused(client, call, encoding):
    import gzip

    raw = gzip.compress(b"{}")
    response = client.post(f"/v1/models/tiny/{call}", content=raw, headers={"Content-Encoding": encoding})
    assert response.status_code in (415, 422)
    assert_problem(response, response.status_code)


def test_a_body_in_chunks_of_one_byte_is_read(client):
    chunks = [{"type": "http.request", "body": bytes([byte]), "more_body": True} for byte in b'{"seeds": [1]}']
    end = {"type": "http.request", "body": b"", "more_body": False}
    sent = client.portal.call(converse, client.app, "POST", "/v1/models/tiny/sample", [*chunks, end])
    assert sent[0]["status"] == 200
    assert sent[1]["body"] == client.get("/v1/models/tiny/sample?seed=1").content


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999999999", "0", "1", "²"])
def test_a_false_content_length_is_no_fault(client, length):
    body = [{"type": "http.request", "body": b'{"seeds": [1]}'}]
    headers = {"Content-Length": length}
    sent = client.portal.call(converse, client.app, "POST", "/v1/models/tiny/sample", body, headers)
    assert sent[0]["status"] in (200, 400, 413)


def batches(client) -> float:
    name = 'ganvas_batch_rows_count{model="slow@1",network="generator"} '
    (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(name))
    return float(line.split()[-1])


def test_identical_requests_in_flight_share_one_inference(slow, serve, gate):
    with serve(slow, max_batch_size=1) as client, ThreadPoolExecutor(12) as clients, gate.closed():
        same = [clients.submit(client.get, f"{SAMPLE}?seed=5") for _ in range(10)]
        posted = clients.submit(client.post, SAMPLE, json={"seeds": [5]})
        other = clients.submit(client.get, f"{SAMPLE}?seed=6")
        wait_until(lambda: client.app.state.ganvas.repository.find("slow").users >= 2)
        for _ in range(20):  # the event loop has many turns, in which the others arrive
            assert client.get("/livez").status_code == 200
        gate.open()
        bodies = {future.result().content for future in [*same, posted]}
        assert len(bodies) == 1
        assert other.result().content not in bodies
        assert batches(client) <= 4  # two if all met; a few may have come late


# A follower repeats light work; other work continues without its leader.
@pytest.mark.parametrize(("form", "most"), [("png", 2), ("zip", 1)])
def test_a_leader_that_leaves_does_not_fail_its_followers(slow, serve, gate, form, most):
    async def scenario(app):
        departure, path = asyncio.Event(), f"{SAMPLE}?seed=8&n=3&format={form}"

        async def leaving():
            yield {"type": "http.request", "body": b""}
            await departure.wait()
            yield {"type": "http.disconnect"}

        leader = asyncio.create_task(converse(app, "GET", path, leaving()))
        await async_wait_until(lambda: gate.running == 1)
        follower = asyncio.create_task(converse(app, "GET", path, [{"type": "http.request", "body": b""}]))
        for _ in range(50):  # the follower joins the leader in the turns of the event loop
            await asyncio.sleep(0.001)
        departure.set()
        await leader
        gate.open()
        return await follower

    with serve(slow, instances=1) as client, gate.closed():
        sent = client.portal.call(scenario, client.app)
        assert sent[0]["status"] == 200
        assert 1 <= batches(client) <= most
