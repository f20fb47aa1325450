import asyncio
import json
import os

import pytest

from service.errors import NotReady
from service.http.state import AppState
from service.inference.batch_queue import Limits
from service.inference.engine import ExecutionConfig
from service.repository import readiness
from service.repository.peers import Peers
from service.repository.repository import Repository
from service.settings import Settings
from service.telemetry.metrics import Metrics
from tests import builders
from tests.waiting import async_wait_until


def full(*_):
    raise OSError(24, "Too many open files")


def test_while_too_many_files_are_open_a_worker_is_not_ready_and_reports_to_the_others_again_afterwards(
    tmp_path, monkeypatch, caplog
):
    builders.write_package(tmp_path / "models", "tiny")
    (tmp_path / "peers").mkdir()
    peers, metrics, own = Peers(tmp_path / "peers"), Metrics(), tmp_path / "peers" / f"{os.getpid()}.state"

    async def scenario():
        repository = Repository(tmp_path / "models", (), ExecutionConfig(1, 1, Limits()), metrics, peers=peers)
        state = AppState(Settings(), repository, metrics)
        await repository.open()
        state.check_ready()
        with monkeypatch.context() as patch:
            patch.setattr(peers, "_states", full)
            patch.setattr(peers, "dead", full)
            with pytest.raises(NotReady):
                state.check_ready()
            reporting = asyncio.create_task(
                readiness.report(repository, peers, metrics, lambda: state.draining, retry_s=0.01)
            )
            await async_wait_until(lambda: "the report to the other workers failed" in caplog.text)
        state.check_ready()
        state.draining = True
        await async_wait_until(lambda: own.exists() and not json.loads(own.read_text())["ready"])
        reporting.cancel()
        await repository.close()

    asyncio.run(scenario())
    assert json.loads(own.read_text())["ready"] is False
    assert "the report to the other workers failed" in caplog.text
