"""MLServer: a runtime of its own behind the Open Inference Protocol, with adaptive batching and one worker process.

A seed comes as INT64 and a JPEG as base64, in JSON; images go back as base64.
"""

# mypy: disable-error-code="import-not-found, misc"

# /// script
# dependencies = ["mlserver==1.7.1", "uvloop==0.21.0", "numpy==2.4.6", "onnxruntime==1.31.1", "pillow==13.0.0"]
# ///

import asyncio

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from tests.benchmark.peers.generation import Network, Task
from tests.server import free_port

_WAIT_S = 0.002


class Images(MLModel):
    """The network as MLServer loads it, in its worker."""

    async def load(self) -> bool:
        """Loads it."""
        self.task = Task.read()
        self.network = Network(self.task)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Images of a batch."""
        (given,) = payload.inputs
        asked = Base64Codec.decode_input(given) if self.task.translates else NumpyCodec.decode_input(given).ravel()
        drawn = Base64Codec.encode_output("images", self.network.answer(asked))
        return InferenceResponse(model_name=self.name, outputs=[drawn])


async def main() -> None:
    """Serves."""
    task = Task.read()
    ports = {"http_port": task.port, "grpc_port": free_port(), "metrics_port": free_port()}
    model = ModelSettings(
        name="network",
        implementation="tests.benchmark.peers.mlserver_runtime.Images",
        max_batch_size=task.batch,
        max_batch_time=_WAIT_S,
    )
    await MLServer(Settings(host="127.0.0.1", debug=False, **ports)).start([model])


if __name__ == "__main__":
    asyncio.run(main())
