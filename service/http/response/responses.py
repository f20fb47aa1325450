"""Responses with images, and the headers that they share."""

from collections.abc import Sequence

from fastapi import Response

from service.imaging.formats import MEDIA_TYPES
from service.repository.loaded_model import LoadedModel
from service.telemetry.timing import PhaseTimer

_MAX_HEADER_SEEDS = 128


def respond(model: LoadedModel, body: bytes, form: str, seeds: Sequence[int], timer: PhaseTimer) -> Response:
    """The response of an encoded body.

    Args:
        model: what generated it.
        body: of images; see `pipelines.output`.
        form: a key of `formats.MEDIA_TYPES`.
        seeds: for X-Seed; empty if no seed was used.
        timer: for Server-Timing.
    """
    return Response(body, 200, headers(model, seeds, timer), MEDIA_TYPES[form])


def headers(model: LoadedModel, seeds: Sequence[int], timer: PhaseTimer) -> dict[str, str]:
    """The headers of every response with images. X-Seed is left out if there are more than 128 seeds."""
    common = {"X-Model": model.name, "Server-Timing": server_timing(timer), "Vary": "Accept"}
    # Proxies refuse a response whose headers are larger than a few kB. JSON responses hold every seed in any case.
    if 0 < len(seeds) <= _MAX_HEADER_SEEDS:
        common["X-Seed"] = ",".join(map(str, seeds))
    return common


def server_timing(timer: PhaseTimer) -> str:
    """The value of Server-Timing, in milliseconds (W3C Server Timing)."""
    return ", ".join(f"{name};dur={1000 * seconds:.2f}" for name, seconds in timer.durations().items())
