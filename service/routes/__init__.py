"""One small file per resource; each says what it answers, and with which errors."""

from fastapi import APIRouter

from service.routes import (
    arithmetic,
    discriminate,
    encode,
    generations,
    health,
    inference,
    interpolate,
    models,
    pages,
    playground,
    reproduce,
    sample,
    translate,
)

ROUTERS: tuple[APIRouter, ...] = (
    health.router,
    models.router,
    sample.router,
    interpolate.router,
    arithmetic.router,
    translate.router,
    discriminate.router,
    encode.router,
    reproduce.router,
    inference.router,
    generations.router,
    playground.router,
    pages.router,
)
"""Every call, in the order of the OpenAPI page."""
