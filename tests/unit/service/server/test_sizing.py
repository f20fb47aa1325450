import asyncio

import numpy as np
import pytest

from service.inference.batcher import Batcher
from service.server import sizing
from service.server.sizing import worker_share
from service.settings import Settings


@pytest.mark.parametrize(("cores", "given", "processes"), [(1, 0, 1), (2, 0, 2), (16, 0, 4), (16, 7, 7), (2, 1, 1)])
def test_a_core_each_has_a_worker_up_to_four(monkeypatch, cores, given, processes):
    monkeypatch.setattr(sizing, "available_cores", lambda: cores)
    assert sizing.worker_count(Settings(workers=given)) == processes


def test_workers_share_the_limits_but_one_request_still_fits():
    whole = Settings(workers=4, max_queue_rows=2048)
    part = worker_share(whole)
    for name in ("max_queue_rows", "max_queue_bytes", "max_uploads_bytes", "max_held_pixels", "max_requests"):
        assert getattr(part, name) * 4 == getattr(whole, name), name
    crowded = worker_share(Settings(workers=100, max_queue_rows=2048))
    assert crowded.max_queue_rows == 4 * whole.max_images
    assert crowded.max_uploads_bytes == whole.max_upload_bytes
    assert crowded.max_held_pixels == whole.max_image_pixels
    assert worker_share(Settings(workers=1)) == Settings(workers=1)


def test_a_worker_that_has_every_client_s_connection_refuses_none_for_whom_the_whole_service_had_room():
    part = worker_share(Settings(workers=2))
    limits = part.execution().limits

    async def scenario():
        batcher = Batcher(lambda rows, _alone: rows["x"], limits)
        latents = {"x": np.zeros((part.max_images, 64), np.float32)}
        until = asyncio.get_running_loop().time() + 60
        clients = [asyncio.create_task(batcher.submit(latents, until)) for _ in range(4)]
        await asyncio.sleep(0)
        assert batcher.waiting_rows == 4 * part.max_images
        batcher.start()
        assert [len((await client).output) for client in clients] == [part.max_images] * 4
        await batcher.close()

    asyncio.run(scenario())


def test_a_queue_that_was_made_short_stays_short():
    assert worker_share(Settings(workers=2, max_queue_rows=80)).max_queue_rows == 80
