"""Versions that come, go, break and change while the service runs; lazy models, and the limit of memory."""

import asyncio
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import builders
from tests.conftest import assert_problem, converse
from tests.waiting import wait_until

SAMPLE = "/v1/models/tiny/sample?seed=1"


def served(client) -> list[str]:
    return [f"{card['name']}@{card['version']}" for card in client.get("/v1/models").json()["models"]]


def skipped(client) -> dict[str, str]:
    document = client.get("/v1/models").json()
    return {f"{item['name']}@{item['version']}": item["reason"] for item in document["skipped"]}


def publish(folder, name, version, **options):
    """As export does: all files first, the manifest last and at once."""
    package = builders.write_package(folder.parent / "elsewhere", name, version, **options)
    target = folder / name / str(version)
    target.mkdir(parents=True)
    for file in package.iterdir():
        if file.name != "manifest.json":
            shutil.copy(file, target)
    shutil.copy(package / "manifest.json", target / "manifest.tmp")
    (target / "manifest.tmp").rename(target / "manifest.json")
    return target


@pytest.fixture
def folder(tmp_path):
    models = tmp_path / "models"
    builders.write_package(models, "tiny", 1)
    return models


def test_a_version_that_is_added_is_verified_and_served(folder, serve):
    with serve(folder) as client:
        before = client.get(SAMPLE)
        publish(folder, "tiny", 2, seed=9)
        publish(folder, "other", 1)
        wait_until(lambda: served(client) == ["other@1", "tiny@2", "tiny@1"])
        after = client.get(SAMPLE)
        assert (before.headers["x-model"], after.headers["x-model"]) == ("tiny@1", "tiny@2")
        assert client.get("/v1/models/tiny@1/sample?seed=1").content == before.content


def test_a_folder_that_appears_later_is_found(tmp_path, serve):
    with serve(tmp_path / "models", poll_ms=100) as client:
        assert client.get("/readyz").status_code == 503
        builders.write_package(tmp_path / "models", "tiny")
        wait_until(lambda: client.get("/readyz").status_code == 200)


def test_a_version_that_is_removed_is_let_go_and_the_one_before_served(folder, serve):
    builders.write_package(folder, "tiny", 2, seed=9)
    with serve(folder) as client:
        assert client.get(SAMPLE).headers["x-model"] == "tiny@2"
        shutil.rmtree(folder / "tiny" / "2")
        wait_until(lambda: served(client) == ["tiny@1"])
        assert client.get(SAMPLE).headers["x-model"] == "tiny@1"
        assert_problem(client.get("/v1/models/tiny@2"), 404)
        shutil.rmtree(folder / "tiny")
        wait_until(lambda: not served(client))
        assert_problem(client.get(SAMPLE), 404)


def test_a_models_folder_that_cannot_be_read_takes_nothing_away(folder, serve):
    with serve(folder) as client:
        folder.rename(folder.parent / "moved")
        client.portal.call(client.app.state.ganvas.repository.scan)
        assert client.get(SAMPLE).status_code == 200


def test_versions_are_swapped_without_a_failed_request(folder, serve):
    statuses, stop = [], threading.Event()
    with serve(folder) as client:

        def send():
            while not stop.is_set():
                statuses.append(client.get(f"/v1/models/tiny/sample?n=4&seed={len(statuses)}").status_code)

        with ThreadPoolExecutor(4) as clients:
            for _ in range(4):
                clients.submit(send)
            for version in (2, 3):
                publish(folder, "tiny", version, seed=version)
                wait_until(lambda version=version: f"tiny@{version}" in served(client))
                shutil.rmtree(folder / "tiny" / str(version - 1))
                wait_until(lambda version=version: f"tiny@{version - 1}" not in served(client))
            stop.set()
    assert set(statuses) == {200}
    assert len(statuses) > 20


def test_a_version_that_is_removed_finishes_what_it_has_begun(tmp_path, serve):
    builders.write_package(tmp_path, "tiny", generator=builders.slow_graph(2500), discriminator=None)
    with serve(tmp_path, max_batch_size=1) as client, ThreadPoolExecutor(1) as other:
        model = client.app.state.ganvas.repository.find("tiny")
        working = other.submit(client.get, "/v1/models/tiny/sample?seed=1&n=8")
        wait_until(lambda: model.users == 1)
        shutil.rmtree(tmp_path / "tiny")
        wait_until(lambda: not served(client))
        assert working.result().status_code == 200
        wait_until(lambda: not model.is_open)


def test_a_broken_version_is_reported_and_tried_again_when_it_is_mended(folder, serve):
    with serve(folder) as client:
        package = publish(folder, "tiny", 2, seed=9)
        wait_until(lambda: "tiny@2" in served(client))
        broken = publish(folder, "tiny", 3, seed=10, metrics=())
        wait_until(lambda: "tiny@3" in served(client))
        good = (broken / "generator.onnx").read_bytes()
        worse = folder / "worse" / "1"
        shutil.copytree(broken, worse)
        described = json.loads((worse / "manifest.json").read_text())
        (worse / "manifest.json").write_text(json.dumps(described | {"name": "worse", "version": 1}))
        (worse / "generator.onnx").write_bytes(good[:-10])
        wait_until(lambda: "worse@1" in skipped(client))
        assert client.get("/readyz").status_code == 200
        (worse / "generator.onnx").write_bytes(good)
        wait_until(lambda: "worse@1" in served(client))
        assert skipped(client) == {}
        assert package.exists()


def test_other_content_under_a_served_version_is_reported_not_swapped(folder, serve):
    with serve(folder) as client:
        before = client.get(SAMPLE).content
        saved = (folder / "tiny/1/generator.onnx").read_bytes()
        (folder / "tiny/1/generator.onnx").write_bytes(builders.generator_graph(seed=77))
        wait_until(lambda: "tiny@1" in skipped(client))
        assert "never changes" in skipped(client)["tiny@1"]
        assert client.get(SAMPLE).content == before
        assert served(client) == ["tiny@1"]
        (folder / "tiny/1/generator.onnx").write_bytes(saved)  # touched, but the same again
        wait_until(lambda: not skipped(client))


def test_a_changed_description_is_other_content_too(folder, serve):
    with serve(folder) as client:
        builders.rewrite_manifest(folder / "tiny" / "1", description="Something else.")
        wait_until(lambda: "tiny@1" in skipped(client))
        assert client.get("/v1/models/tiny").json()["description"] == "A tiny generator for tests."


def test_only_wanted_names_are_taken_up_later(folder, serve):
    with serve(folder, models=("tiny",)) as client:
        publish(folder, "other", 1)
        publish(folder, "tiny", 2)
        wait_until(lambda: served(client) == ["tiny@2", "tiny@1"])


@pytest.mark.parametrize("lazy", [("lazy",), ("*",)])
def test_a_lazy_model_is_verified_closed_and_opened_when_it_is_used(tmp_path, serve, lazy):
    builders.write_package(tmp_path, "lazy")
    with serve(tmp_path, lazy_models=lazy) as client:
        model = client.app.state.ganvas.repository.find("lazy")
        assert not model.is_open
        assert served(client) == ["lazy@1"]
        assert client.get("/v1/models/lazy").status_code == 200
        assert client.get("/v1/models/lazy/preview").status_code == 200
        assert not model.is_open
        with ThreadPoolExecutor(8) as clients:
            responses = list(clients.map(lambda _: client.get("/v1/models/lazy/sample?seed=1"), range(8)))
        assert {response.status_code for response in responses} == {200}
        assert model.is_open
        assert 'ganvas_model_open{model="lazy@1"} 1.0' in client.get("/metrics").text


def test_a_broken_lazy_model_is_not_served(tmp_path, serve):
    (builders.write_package(tmp_path, "lazy") / "generator.onnx").write_bytes(b"no")
    with serve(tmp_path, lazy_models=("lazy",)) as client:
        assert "lazy@1" in skipped(client)


def test_a_lazy_model_whose_files_are_others_by_now_is_unavailable(tmp_path, serve):
    package = builders.write_package(tmp_path, "lazy")
    with serve(tmp_path, lazy_models=("lazy",)) as client:
        saved = (package / "generator.onnx").read_bytes()
        (package / "generator.onnx").write_bytes(builders.generator_graph(seed=3))
        assert_problem(client.get("/v1/models/lazy/sample?seed=1"), 503)
        (package / "generator.onnx").write_bytes(saved)
        assert client.get("/v1/models/lazy/sample?seed=1").status_code == 200


def test_idle_models_are_closed_under_a_limit_of_memory_the_least_recently_used_first(tmp_path, serve):
    for name in ("a", "b", "c"):
        builders.write_package(tmp_path, name)
    with serve(tmp_path) as client:
        size = client.app.state.ganvas.repository.find("a").n_bytes
    assert size >= (tmp_path / "a/1/generator.onnx").stat().st_size
    with serve(tmp_path, max_model_bytes=2 * size + 1) as client:
        repository = client.app.state.ganvas.repository

        def opened():
            return {model.manifest.name for model in repository if model.is_open}

        assert len(opened()) == 2
        expected = {}
        for name in ("a", "b", "c", "b", "a", "c", "c", "b"):
            response = client.get(f"/v1/models/{name}/sample?seed=1")
            assert response.content == expected.setdefault(name, response.content)
            assert name in opened()
            assert len(opened()) == 2
        assert opened() == {"c", "b"}


def test_a_model_in_use_is_never_closed(tmp_path, serve, gate):
    builders.write_package(tmp_path, "slow", generator=builders.slow_graph(2500), discriminator=None)
    builders.write_package(tmp_path, "tiny")

    def is_of_several_rows(inputs):
        return len(inputs["latents"]) > 1

    with (
        serve(tmp_path, max_model_bytes=1, max_batch_size=6) as client,
        ThreadPoolExecutor(1) as other,
        gate.closed(is_of_several_rows),
    ):
        slow = client.app.state.ganvas.repository.find("slow")
        working = other.submit(client.get, "/v1/models/slow/sample?seed=1&n=6")
        wait_until(lambda: slow.users == 1 and slow.is_open)
        for seed in range(5):
            assert client.get(f"/v1/models/tiny/sample?seed={seed}").status_code == 200
            assert slow.is_open
        gate.open()
        assert working.result().status_code == 200
        wait_until(lambda: not slow.is_open)


def test_leases_are_given_back_whatever_becomes_of_a_request(folder, serve):
    with serve(folder) as client:
        model = client.app.state.ganvas.repository.find("tiny")
        for path in (SAMPLE, f"{SAMPLE}&format=gif", f"{SAMPLE}&n=x"):
            client.get(path)
        leaving = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
        asyncio.run(converse(client.app, "POST", "/v1/models/tiny/sample", leaving))
        assert model.users == 0
