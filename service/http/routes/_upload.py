"""What the uploading routes share: an image of any size is decoded, fitted and run through a network."""

import asyncio
from collections.abc import Mapping

from fastapi import Request, Response

from service.errors import GanvasError, NotAcceptable, NotAnImage, Unavailable
from service.http.request.context import context_of
from service.http.request.disconnect import while_connected
from service.http.response import responses
from service.http.routes import _generation
from service.http.state import AppState
from service.imaging import codecs
from service.imaging.pixels import Floats, fit, to_float32
from service.inference.batcher import Batcher
from service.pipelines.generate import inferred
from service.repository.loaded_model import LoadedModel

FAILURES: tuple[type[GanvasError], ...] = (
    *(kind for kind in _generation.FAILURES if kind is not NotAcceptable),
    NotAnImage,
    Unavailable,
)
"""Errors of a route that takes an image and responds with JSON."""


async def infer(
    request: Request,
    response: Response,
    state: AppState,
    model: LoadedModel,
    network: Batcher,
    raw: bytes,
    others: Mapping[str, Floats],
) -> Floats:
    """The network's output for an image, centre-cropped to the model's aspect, resized, in its channels.

    Args:
        request: has the timer and the deadline.
        response: gains the headers.
        state: of the application.
        model: determines the size and the channels.
        network: takes `images` (1, C, H, W) and `others`.
        raw: the image's file.
        others: further inputs of one row each.
    """
    context = context_of(request)
    timer = context.timer
    size, max_pixels = model.manifest.image, state.settings.max_image_pixels
    width, height = codecs.measure(raw, max_pixels)
    with state.pixels.hold(width * height), timer.phase("decode"):
        pixels = await asyncio.to_thread(codecs.decode, raw, max_pixels)
        fitted = await asyncio.to_thread(fit, pixels, size.height, size.width, size.channels)
        del pixels
    fed = {**others, "images": to_float32(fitted[None])}
    output = await while_connected(request, inferred(network.submit(fed, context.deadline), timer))
    state.metrics.phases(model.name, timer.phases)
    response.headers["X-Model"] = model.name
    response.headers["Server-Timing"] = responses.server_timing(timer)
    return output
