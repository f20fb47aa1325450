"""The context of every request: its id, deadline, log line and metrics, and the response to unexpected errors."""

import asyncio
import logging
import random
import re
import time

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import DeadlineExceeded
from service.http import problems
from service.http.request.context import RequestContext
from service.http.state import AppState
from service.telemetry.logs import request_id

_log = logging.getLogger("service.access")
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SAFETY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class RequestContextMiddleware:
    """Pure ASGI, so that streams and disconnects pass through it untouched."""

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        self._app, self._metrics, self._repository = app, state.metrics, state.repository
        self._deadline_s = state.settings.deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request. Anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        name = given if _SAFE_ID.match(given) else f"{random.getrandbits(128):032x}"
        token = request_id.set(name)
        status, context = 0, None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _tag(message, name)
                timeout.reschedule(None)  # the response has started: the deadline does not limit slow readers
            await send(message)

        request = Request(scope, receive)
        try:
            async with asyncio.timeout(self._deadline_s) as timeout:
                context = RequestContext(asyncio.get_running_loop().time() + self._deadline_s, started)
                scope.setdefault("state", {})["context"] = context
                await self._app(scope, receive, send_with_id)
        except TimeoutError:
            error = DeadlineExceeded("the request was not completed before its deadline")
            await problems.respond(request, error)(scope, receive, _tagged(send, name))
            status = 504
        except Exception:
            _log.exception("request failed")
            if status == 0:
                await problems.internal(request)(scope, receive, _tagged(send, name))
            status = 500
        finally:
            self._note(scope, status, time.perf_counter() - started)
            request_id.reset(token)
            for model in context.leased if context else ():
                await self._repository.release(model)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path: clients could invent any number of paths.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.request(method, route, status, seconds)
        _log.info(
            "request",
            extra={
                "method": method,
                "path": scope["path"][:200],
                "route": route,
                "status": status,
                "ms": round(1000 * seconds, 2),
                "client": (scope.get("client") or ("", 0))[0],
            },
        )


def _tagged(send: Send, name: str) -> Send:
    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            _tag(message, name)
        await send(message)

    return tagged


def _tag(message: Message, name: str) -> None:
    """Add the headers of every response. A page has a Content-Security-Policy of its own."""
    headers = message["headers"]
    has_policy = any(key == _POLICY[0] for key, _ in headers)
    message["headers"] = [*headers, (b"x-request-id", name.encode()), *_SAFETY, *(() if has_policy else (_POLICY,))]
