"""Data in, images out: train a few steps, export, serve by the shipped command, ask over HTTP."""

import io
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from tests import builders
from tests.server import Server, running
from tests.waiting import LIMIT_S, wait_until


def training(*words: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "training", *map(str, words)], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("line")
    data = builders.write_digits(folder / "data", n_train=512)
    training(
        *("train", "gan-mnist-small", "--data", data, "--out", folder / "run", "--total-nimg", "2560"),
        *("--batch-size", "64", "--generator.hidden", "32", "64", "--discriminator.hidden", "32"),
    )
    training("export", folder / "run", "--models", folder / "models", "--name", "fresh")
    return folder / "models"


@pytest.fixture(scope="module")
def server(models: Path, tmp_path_factory: pytest.TempPathFactory):
    with running(models, tmp_path_factory.mktemp("log") / "service.log") as started:
        yield started


def test_the_exported_package_is_served_with_its_card(server: Server):
    card = httpx.get(f"{server.url}/v1/models/fresh").json()
    assert (card["name"], card["version"], card["method"]) == ("fresh", 1, "gan")
    assert card["manifest"]["training"]["images_seen"] == 2560
    assert httpx.get(f"{server.url}/v1/models").json()["skipped"] == []


def test_every_call_answers_over_http(server: Server):
    base = f"{server.url}/v1/models/fresh"
    image = httpx.get(f"{base}/sample?seed=42")
    assert Image.open(io.BytesIO(image.content)).size == (28, 28)
    animation = httpx.post(f"{base}/interpolate?format=gif", json={"from": {"seed": 1}, "to": {"seed": 2}, "steps": 5})
    assert Image.open(io.BytesIO(animation.content)).n_frames == 5
    terms = [{"weight": 1, "latents": [{"seed": 1}, {"seed": 2}]}, {"weight": -1, "latents": [{"seed": 3}]}]
    result = httpx.post(f"{base}/arithmetic?format=npy", json={"terms": terms, "variations": 3, "seed": 5})
    assert np.load(io.BytesIO(result.content)).shape == (4, 28, 28, 1)
    verdict = httpx.post(f"{base}/discriminate", content=image.content).json()
    assert 0.0 < verdict["probability"] < 1.0
    assert "Ganvas" in httpx.get(server.url).text


def test_a_seed_gives_the_same_bytes_after_a_restart(server: Server, models: Path):
    path = "/v1/models/fresh/sample?seed=42&n=4"
    before = httpx.get(server.url + path).content
    with running(models) as again:
        assert httpx.get(again.url + path).content == before


def test_the_log_is_json_with_the_request_id(server: Server):
    httpx.get(f"{server.url}/livez", headers={"X-Request-ID": "find-me"})
    # The line is written after the response has left.
    (line,) = wait_until(lambda: [line for line in server.lines() if line.get("request_id") == "find-me"])
    assert (line["route"], line["status"]) == ("/livez", 200)


@pytest.mark.parametrize("hurried", [False, True], ids=["once", "twice"])
def test_on_sigterm_readiness_fails_first_and_requests_in_flight_finish(models: Path, hurried: bool):
    with running(models, GANVAS_DRAIN_S="4", GANVAS_MAX_BATCH_SIZE="1") as server:
        statuses: list[int] = []

        def ask() -> None:
            with httpx.Client(timeout=LIMIT_S) as client:
                for seed in range(10_000):
                    try:
                        answer = client.get(f"{server.url}/v1/models/fresh/sample?n=16&seed={seed}")
                    except httpx.TransportError:
                        return  # the port is closed: this request was never taken
                    statuses.append(answer.status_code)

        asking = [threading.Thread(target=ask) for _ in range(4)]
        for thread in asking:
            thread.start()
        wait_until(lambda: len(statuses) >= 20)
        server.process.send_signal(signal.SIGTERM)
        status = wait_until(lambda: (found := server.status("/readyz")) != 200 and (found,))
        assert status == (503,), "readiness did not fail before the port was closed"
        assert server.status("/livez") == 200
        if hurried:
            server.process.send_signal(signal.SIGTERM)  # closes the port at once, and still loses nothing
        assert server.process.wait(timeout=LIMIT_S) == 0
        for thread in asking:
            thread.join(timeout=LIMIT_S)
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) > 20


def test_a_wrong_setting_is_one_clear_line():
    done = subprocess.run(
        [sys.executable, "-m", "service"], env={"GANVAS_PORT": "many"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "GANVAS_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_schema_in_the_repository_is_the_contract():
    from service.repository import manifest

    saved = Path(__file__).parents[2] / "models" / "manifest.schema.json"
    assert json.loads(saved.read_text()) == json.loads(manifest.json_schema())
