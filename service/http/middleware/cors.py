"""Which origins a browser may call from: none, until a setting names some."""

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
    """Starlette's, with a problem document where a preflight is refused."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        """Allows some origins; `*` is every one."""
        methods = ("GET", "HEAD", "POST")
        super().__init__(app, origins, methods, _TAKEN, expose_headers=EXPOSED, max_age=600)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What a browser is told before it calls."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == 200:
            return answer
        body = problems.document(400, "malformed", "Malformed request", bytes(answer.body).decode(), "")
        headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
        return JSONResponse(body, 400, headers, problems.MEDIA_TYPE)
