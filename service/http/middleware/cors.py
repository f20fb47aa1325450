"""Origins that a browser may call from. The default is none."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from service.http import problems

EXPOSED = ("X-Model", "X-Seed", "X-Cycle-Error", "ETag", "Server-Timing", "X-Request-ID", "Retry-After")
_TAKEN = (
    "Authorization", "X-API-Key", "Content-Type", "If-None-Match", "X-Request-ID", "Inference-Header-Content-Length",
)  # fmt: skip


class Cors(CORSMiddleware):
    """Starlette's middleware, with a problem document if a preflight is refused."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        """Allow some origins; `*` allows every one."""
        methods = ("GET", "HEAD", "POST")
        super().__init__(app, origins, methods, _TAKEN, expose_headers=EXPOSED, max_age=600)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The response to a preflight."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        body = problems.document(400, "malformed", "Malformed request", bytes(response.body).decode(), "")
        headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
        return JSONResponse(body, 400, headers, problems.MEDIA_TYPE)
