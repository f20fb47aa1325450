"""Access control: API keys, rate limits, and the number of requests in flight. Pure ASGI."""

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Sequence

from limits import RateLimitItem
from limits.strategies import RateLimiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import GanvasError, TooManyRequests, Unauthorized, Unavailable
from service.http import problems

_HEALTH = ("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
_OPEN = ("/", "/docs", "/openapi.json", *_HEALTH)
_PLAYGROUND = "/playground/"


class AccessControl:
    """Refuses requests before any of the body is read."""

    def __init__(
        self, app: ASGIApp, keys: Sequence[str], rates: Sequence[RateLimitItem], limiter: RateLimiter, max_requests: int
    ) -> None:
        """Wrap an application.

        Args:
            app: the protected application.
            keys: valid API keys; with none, no key is needed.
            rates: limits per key or address.
            limiter: counts requests, by the monotonic clock.
            max_requests: that may be in flight at once.
        """
        self._app, self._rates, self._limiter, self._max_requests = app, rates, limiter, max_requests
        self._keys = [_digest(key.encode()) for key in keys]
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with the reason for its refusal."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or not is_guarded(path):
            await self._app(scope, receive, send)
            return
        try:
            self._check(Headers(scope=scope), scope, path)
        except GanvasError as error:
            await problems.respond(Request(scope), error)(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1

    def _check(self, headers: Headers, scope: Scope, path: str) -> None:
        """Raise the reason for a refusal, if there is one."""
        if self._in_flight >= self._max_requests:
            raise Unavailable(f"{self._in_flight} requests are being processed already; try again")
        key = self._key_of(headers) if self._keys and not is_open(path) else None
        if not self._rates:
            return
        client = key or _address(scope)
        for rate in self._rates:
            if not self._limiter.hit(rate, client):
                wait_s = self._limiter.get_window_stats(rate, client).reset_time - time.monotonic()
                raise TooManyRequests(f"more than {rate} from one client", max(1, round(wait_s + 0.5)))

    def _key_of(self, headers: Headers) -> str:
        """The digest of a valid key. Every key is compared, each in constant time."""
        given = []
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            given.append(token.strip())
        if "x-api-key" in headers:
            given.append(headers["x-api-key"].strip())
        digests = [_digest(key.encode("latin-1")) for key in given]
        matches = [digest for digest in digests for key in self._keys if hmac.compare_digest(digest, key)]
        if not matches:
            raise Unauthorized("send a key as Authorization: Bearer KEY, or as X-API-Key")
        return matches[0].hex()


def _digest(key: bytes) -> bytes:
    # Digests have one length, so that comparing them reveals nothing about the key.
    return hashlib.sha256(key).digest()


def is_guarded(path: str) -> bool:
    """Whether the rates and the limit of requests apply to a path: to all but health and the playground's files.

    The playground has many small files, held in memory: opening the page once would use up a client's rate.
    """
    return path not in _HEALTH and not path.startswith(_PLAYGROUND)


def is_open(path: str) -> bool:
    """Whether a path needs no key."""
    is_page = path in _OPEN or path.startswith(("/docs/", _PLAYGROUND))
    return is_page or (path.startswith("/v1/models/") and path.endswith("/preview"))


def _address(scope: Scope) -> str:
    """The client's address; of IPv6 its /64 network, since one customer may use any address in it."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host
