"""One small file per resource; each says what it answers, and with which errors."""

from fastapi import APIRouter

from service.http.oip import routes as oip
from service.http.openai import routes as openai
from service.http.routes import (
    arithmetic,
    discriminate,
    docs,
    encode,
    health,
    interpolate,
    models,
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
    oip.router,
    openai.router,
    playground.router,
    docs.router,
)
"""Every call, in the order of the OpenAPI page."""
