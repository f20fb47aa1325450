"""LitServe: one worker process behind one of uvicorn, batches by its own queue.

LitServe answers POST alone; a seed comes as JSON.
"""

# mypy: disable-error-code="import-not-found, misc, override"

# /// script
# dependencies = ["litserve==0.2.19", "numpy==2.4.6", "onnxruntime==1.31.1", "pillow==13.0.0"]
# ///

from typing import Annotated, Any

import litserve
from fastapi import Body, Request, Response

from tests.benchmark.peers.generation import Network, Task

_WAIT_S = 0.002


class Generation(litserve.LitAPI):
    """Images of seeds."""

    def setup(self, device: str) -> None:
        """Loads the network, in the worker."""
        self.task = Task.read()
        self.network = Network(self.task)

    def decode_request(self, request: Request) -> Any:
        """The seed."""
        return request["seed"]

    def batch(self, inputs: list[Any]) -> list[Any]:
        """As they come."""
        return inputs

    def predict(self, x: list[Any]) -> list[bytes]:
        """Images of a batch."""
        return self.network.answer(x)

    def unbatch(self, output: list[bytes]) -> list[bytes]:
        """As they are."""
        return output

    def encode_response(self, output: bytes) -> Response:
        """The image alone."""
        return Response(output, media_type=self.task.media_type)


class Translation(Generation):
    """Translations of JPEGs."""

    def decode_request(self, request: Annotated[bytes, Body(media_type="image/jpeg")]) -> Any:
        """The JPEG."""
        return request


if __name__ == "__main__":
    task = Task.read()
    kind, path = (Translation, "/translate") if task.translates else (Generation, "/generate")
    api = kind(max_batch_size=task.batch, batch_timeout=_WAIT_S, api_path=path)
    server = litserve.LitServer(api, accelerator="cpu", timeout=60)
    server.run(host="127.0.0.1", port=task.port, generate_client_file=False, log_level="warning")
