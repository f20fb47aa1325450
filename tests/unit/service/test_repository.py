import asyncio

import pytest

from service.batcher import Limits
from service.errors import ModelNotFound
from service.metrics import Metrics
from service.package import Engine
from service.repository import Repository
from tests import builders


def opened(folder, *wanted):
    """What a repository says once it has been opened: served names, skipped packages, readiness."""

    async def scenario():
        repository = Repository(folder, wanted, Engine(1, 1, Limits()), Metrics())
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
        repository = Repository(tmp_path, (), Engine(1, 1, Limits()), Metrics())
        await repository.open()
        for reference in ("b", "a@", "a@2", "a@1x", "a@1\n", "a@٣", "@1", ""):
            with pytest.raises(ModelNotFound, match="served are: a"):
                repository.find(reference)
        await repository.close()
        with pytest.raises(ModelNotFound, match="none"):
            repository.find("a")

    asyncio.run(scenario())
