"""Ray Serve: one replica behind its proxy, with `serve.batch`."""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator, attr-defined"

# /// script
# dependencies = ["ray[serve]==2.60.0", "numpy==2.4.6", "onnxruntime==1.31.1", "pillow==13.0.0"]
# ///

from pathlib import Path
from typing import Any

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from tests.benchmark.peers.generation import Network, Task

_WAIT_S = 0.002
_STORE_BYTES = 100_000_000
_QUIET = {"enable_access_log": False}
task = Task.read()


@serve.deployment(max_ongoing_requests=128, ray_actor_options={"num_cpus": 1}, logging_config=_QUIET)
class Images:
    """The network, in the replica."""

    def __init__(self) -> None:
        self.network = Network(task)

    @serve.batch(max_batch_size=task.batch, batch_wait_timeout_s=_WAIT_S)
    async def answer(self, asked: list[Any]) -> list[bytes]:
        """Images of a batch."""
        return self.network.answer(asked)

    async def __call__(self, request: Request) -> Response:
        """One image."""
        asked = await request.body() if task.translates else int(request.query_params["seed"])
        return Response(await self.answer(asked), media_type=task.media_type)


if __name__ == "__main__":
    ray.init(
        num_cpus=task.threads,
        include_dashboard=False,
        object_store_memory=_STORE_BYTES,
        _temp_dir=str(Path.cwd() / "ray"),
    )
    serve.start(http_options={"host": "127.0.0.1", "port": task.port}, logging_config=_QUIET)
    serve.run(Images.bind(), blocking=True)
