"""Client for a Ganvas service: images from generative adversarial networks, as Pillow images."""

from ganvas_client.aio import AsyncClient
from ganvas_client.client import Client
from ganvas_client.errors import (
    BadRequest,
    BrokenAnswer,
    ConnectionFailed,
    DeadlineExceeded,
    GanvasError,
    Invalid,
    NotAcceptable,
    NotAnImage,
    NotFound,
    NotSupported,
    Problem,
    ProblemError,
    RateLimited,
    ServerError,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from ganvas_client.latents import (
    Direction,
    Latent,
    Mean,
    Seed,
    Sum,
    Token,
    Vector,
    direction,
    mean,
    seed,
    token,
    vector,
)
from ganvas_client.results import Card, File, Frame, Judgement, Models, Picture, Pictures, Translation
from ganvas_client.retries import Retries

__all__ = [
    "AsyncClient", "BadRequest", "BrokenAnswer", "Card", "Client", "ConnectionFailed", "DeadlineExceeded", "Direction",
    "File", "Frame", "GanvasError", "Invalid", "Judgement", "Latent", "Mean", "Models", "NotAcceptable", "NotAnImage",
    "NotFound", "NotSupported", "Picture", "Pictures", "Problem", "ProblemError", "RateLimited", "Retries", "Seed",
    "ServerError", "Sum", "TimedOut", "Token", "TooLarge", "Translation", "Unauthorized", "Unavailable", "Vector",
    "direction", "mean", "seed", "token", "vector",
]  # fmt: skip
