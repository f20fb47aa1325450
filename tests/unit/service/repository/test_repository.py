import asyncio
import shutil

import pytest

from service.errors import ModelNotFound
from service.inference.batch_queue import Limits
from service.inference.engine import ExecutionConfig
from service.repository import repository
from service.repository.peers import Peers
from service.repository.repository import Repository
from service.telemetry.metrics import Metrics
from tests import builders


def opened(folder, *wanted):
    """What a repository says once it has been opened: served names, skipped packages, readiness."""

    async def scenario():
        repository = Repository(folder, wanted, ExecutionConfig(1, 1, Limits()), Metrics())
        assert not repository.is_ready
        await repository.open()
        names = [model.name for model in repository]
        state = names, repository.skipped, repository.missing, repository.is_ready
        found = {reference: repository.find(reference).name for reference in [name.partition("@")[0] for name in names]}
        await repository.close()
        assert list(repository) == []
        return *state, found

    return asyncio.run(scenario())


def test_every_version_is_served_and_the_newest_found_under_the_bare_name(tmp_path):
    for name, version in (("b", 2), ("b", 10), ("a", 1), ("b", 1)):
        builders.write_package(tmp_path, name, version)
    names, skipped, missing, ready, found = opened(tmp_path)
    assert names == ["a@1", "b@10", "b@2", "b@1"]
    assert (skipped, missing, ready) == ((), (), True)
    assert found == {"a": "a@1", "b": "b@10"}


def test_only_wanted_names_are_opened(tmp_path):
    builders.write_package(tmp_path, "a")
    (builders.write_package(tmp_path, "b") / "generator.onnx").unlink()
    names, skipped, missing, ready, _ = opened(tmp_path, "a", "c")
    assert (names, skipped, missing, ready) == (["a@1"], (), ("c",), False)
    assert opened(tmp_path, "a")[3] is True


@pytest.mark.parametrize("exists", [True, False])
def test_an_empty_or_absent_folder_serves_nothing(tmp_path, exists):
    folder = tmp_path if exists else tmp_path / "absent"
    assert opened(folder)[:4] == ([], (), (), False)


def test_what_is_not_served_is_not_found_and_the_served_are_named(tmp_path):
    builders.write_package(tmp_path, "a")

    async def scenario():
        repository = Repository(tmp_path, (), ExecutionConfig(1, 1, Limits()), Metrics())
        await repository.open()
        for reference in ("b", "a@", "a@2", "a@1x", "a@1\n", "a@٣", "@1", ""):
            with pytest.raises(ModelNotFound, match="served are: a"):
                repository.find(reference)
        await repository.close()
        with pytest.raises(ModelNotFound, match="none"):
            repository.find("a")

    asyncio.run(scenario())


def test_a_folder_that_cannot_be_read_does_not_keep_the_others_from_being_served(tmp_path, monkeypatch):
    builders.write_package(tmp_path, "good")
    builders.write_package(tmp_path, "locked")
    listing = type(tmp_path).iterdir

    def iterdir(path):
        if path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return listing(path)

    monkeypatch.setattr(type(tmp_path), "iterdir", iterdir)  # the tests may run as root, whom no mode keeps out
    names, *_, ready, _ = opened(tmp_path)
    assert (names, ready) == (["good@1"], True)


def test_a_fault_of_our_own_in_one_package_is_reported_and_the_others_are_served(tmp_path, monkeypatch):
    builders.write_package(tmp_path, "bad")
    builders.write_package(tmp_path, "good")
    original = repository.open_package

    def open_package(folder, *rest):
        if folder.parent.name == "bad":
            raise MemoryError
        return original(folder, *rest)

    monkeypatch.setattr(repository, "open_package", open_package)
    names, skipped, _, ready, _ = opened(tmp_path)
    assert (names, ready) == (["good@1"], True)
    assert [(package.name, package.reason) for package in skipped] == [("bad", "it cannot be opened: MemoryError")]


def test_a_version_that_is_let_go_while_another_is_being_served_is_passed_over(tmp_path, monkeypatch):
    peers = Peers(tmp_path)

    async def scenario():
        repository = Repository(tmp_path / "models", (), ExecutionConfig(1, 1, Limits()), Metrics(), peers=peers)
        await repository.open()
        monkeypatch.setattr(peers, "verified_since", lambda label: None)
        for name in ("a", "b"):
            builders.write_package(tmp_path / "models", name)
        await repository.scan()
        assert list(repository) == []
        monkeypatch.setattr(peers, "verified_since", lambda label: -10.0)
        repository.verified = dict.fromkeys(repository.verified, -10.0)
        serve = repository._serve

        async def slowly(model):
            shutil.rmtree(tmp_path / "models" / "b")
            await repository.scan()
            await serve(model)

        monkeypatch.setattr(repository, "_serve", slowly)
        await repository.agree()
        assert [model.name for model in repository] == ["a@1"]
        await repository.close()

    (tmp_path / "models").mkdir()
    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("folder", "wanted", "message"),
    [
        ("nowhere", (), "there is no models folder at"),
        ("empty", (), "holds no package that can be served"),
        ("empty", ("a", "b"), "has no version that can be served of: a, b"),
    ],
)
def test_what_prevents_the_service_from_being_ready_is_reported_and_logged(tmp_path, caplog, folder, wanted, message):
    (tmp_path / "empty").mkdir()
    found = Repository(tmp_path / folder, wanted, ExecutionConfig(1, 1, Limits()), Metrics())
    assert found.shortfall == "the models are still being opened"
    asyncio.run(found.open())
    assert message in found.shortfall
    assert any(message in getattr(record, "reason", "") for record in caplog.records)
