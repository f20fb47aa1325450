"""A plain FastAPI app with `session.run` in a handler, which FastAPI runs in its thread pool; served by uvicorn."""

from typing import Annotated

import uvicorn
from fastapi import Body, FastAPI, Response

from tests.benchmark.peers.generation import Network, Task

task = Task.read()
network = Network(task)
app = FastAPI()


@app.get("/generate")
def generate(seed: int) -> Response:
    """The image of a seed."""
    return Response(network.answer([seed])[0], media_type=task.media_type)


@app.post("/translate")
def translate(jpeg: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
    """The translation of an image."""
    return Response(network.answer([jpeg])[0], media_type=task.media_type)


if __name__ == "__main__":
    uvicorn.run(app, port=task.port, access_log=False, log_level="warning")
