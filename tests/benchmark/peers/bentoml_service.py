"""BentoML: one service of one worker, with adaptive batching.

An API that batches takes a list and gives one: a seed, or a base64 JPEG, comes as JSON, an image goes back as base64.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

# /// script
# dependencies = ["bentoml==1.4.39", "numpy==2.4.6", "onnxruntime==1.31.1", "pillow==13.0.0"]
# ///

import os
from base64 import b64decode, b64encode

import bentoml

from tests.benchmark.peers.generation import Network, Task

task = Task.read()
_MAX_MS = 30_000


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Images:
    """The network, in the worker."""

    def __init__(self) -> None:
        self.network = Network(task)

    @bentoml.api(batchable=True, max_batch_size=task.batch, max_latency_ms=_MAX_MS)
    def generate(self, seeds: list[int]) -> list[str]:
        """Images of seeds."""
        return [b64encode(image).decode() for image in self.network.answer(seeds)]

    @bentoml.api(batchable=True, max_batch_size=task.batch, max_latency_ms=_MAX_MS)
    def translate(self, jpegs: list[str]) -> list[str]:
        """Translations of JPEGs."""
        translated = self.network.answer([b64decode(jpeg) for jpeg in jpegs])
        return [b64encode(image).decode() for image in translated]


if __name__ == "__main__":
    os.environ |= {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": os.getcwd()}  # noqa: PTH109  # a string is asked for
    place = ["--host", "127.0.0.1", "--port", str(task.port)]
    os.execvp("bentoml", ["bentoml", "serve", "tests.benchmark.peers.bentoml_service:Images", *place])
