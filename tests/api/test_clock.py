"""A wall clock that is set back or forward while the service runs: nothing but the reported hour may change."""

import time
from email.utils import parsedate_to_datetime

import pytest

from tests import builders
from tests.api.test_http import connect, get, read_response
from tests.conftest import assert_problem, listening
from tests.waiting import wait_until

HOUR_S = 3600.0
SAMPLE = "/v1/models/tiny/sample?seed=1"


@pytest.fixture
def turn(monkeypatch):
    """Shift the wall clock of this process, with the service, by seconds. The monotonic clock is not affected."""
    true_time, true_ns = time.time, time.time_ns

    def by(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: true_time() + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: true_ns() + int(1e9 * seconds))

    return by


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "several-workers"])
def test_a_clock_set_back_locks_no_client_out(models, serve, turn, tmp_path, shared):
    with serve(models, rate_limit="2/second", shared_dir=tmp_path if shared else None) as client:
        assert client.get(SAMPLE).status_code == 200
        turn(-HOUR_S)
        refused = wait_until(lambda: (found := client.get(SAMPLE)).status_code == 429 and found)
        assert_problem(refused, 429, "too-many-requests")
        assert int(refused.headers["retry-after"]) <= 2
        wait_until(lambda: client.get(SAMPLE).status_code == 200)
    with serve(models, rate_limit="1/hour", shared_dir=tmp_path if shared else None) as client:
        assert client.get(SAMPLE).status_code == 200
        turn(-2 * HOUR_S)
        assert 3000 < int(client.get(SAMPLE).headers["retry-after"]) <= 3601


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "several-workers"])
def test_a_clock_set_forward_gives_nobody_more_than_the_rate(models, serve, turn, tmp_path, shared):
    with serve(models, rate_limit="2/hour", shared_dir=tmp_path if shared else None) as client:
        assert [client.get(SAMPLE).status_code for _ in range(2)] == [200, 200]
        turn(2 * HOUR_S)
        response = client.get(SAMPLE)
        assert_problem(response, 429)
        assert 3000 < int(response.headers["retry-after"]) <= 3601


@pytest.mark.parametrize("seconds", [-HOUR_S, HOUR_S, -2e9])
def test_responses_and_their_times_do_not_depend_on_the_wall_clock(models, serve, turn, seconds):
    image = builders.image_file(200, 150)
    calls = {
        "sample": lambda client: client.get("/v1/models/tiny@1/sample?seed=1&n=3&format=zip"),
        "walk": lambda client: client.post(
            "/v1/models/tiny/interpolate?format=gif", json={"from": {"seed": 1}, "to": {"seed": 2}}
        ),
        "translation": lambda client: client.post("/v1/models/stylish/translate", content=image),
    }
    with serve(models, tile_px=64) as client:
        before = {name: call(client) for name, call in calls.items()}
        turn(seconds)
        for name, call in calls.items():
            response = call(client)
            assert (response.status_code, response.content) == (200, before[name].content)
            assert response.headers.get("etag") == before[name].headers.get("etag")
            times = dict(part.split(";dur=") for part in response.headers["server-timing"].split(", "))
            assert all(0.0 <= float(value) < 1000 * HOUR_S / 2 for value in times.values())
        tag = before["sample"].headers["etag"]
        again = client.get("/v1/models/tiny@1/sample?seed=1&n=3&format=zip", headers={"If-None-Match": tag})
        assert again.status_code == 304


def test_a_clock_set_back_ends_no_request_and_holds_none_up(models, serve, turn, gate):
    with serve(models, deadline_s=0.3, max_batch_size=1) as client, gate.closed():
        turn(-HOUR_S)
        assert_problem(client.get(f"{SAMPLE}&n=40"), 504, "deadline-exceeded")
        turn(HOUR_S)
        assert_problem(client.get(f"{SAMPLE}&n=40"), 504, "deadline-exceeded")


def test_a_connection_outlives_a_change_of_the_clock(models, turn):
    with listening(models, header_timeout_s=60.0, write_timeout_s=60.0) as port, connect(port) as connection:
        for seconds in (0.0, -HOUR_S, HOUR_S):
            turn(seconds)
            connection.sendall(get(SAMPLE))
            status, headers, body = read_response(connection)
            assert status == 200
            assert builders.pixels(body).shape == (12, 12)
            assert parsedate_to_datetime(headers["date"]).year > 2000


def test_a_version_that_is_written_after_the_clock_was_set_back_is_served(tmp_path, serve, turn):
    builders.write_package(tmp_path, "tiny", 1)
    with serve(tmp_path) as client:
        turn(-HOUR_S)
        builders.write_package(tmp_path, "tiny", 2, seed=9)
        client.portal.call(client.app.state.ganvas.repository.scan)
        assert client.get(SAMPLE).headers["x-model"] == "tiny@2"
