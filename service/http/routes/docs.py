"""The interactive OpenAPI page. Nothing is fetched from elsewhere."""

from html import escape
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

ASSETS = str(files("fastapi_offline") / "static")
"""Swagger UI's own files, as a package from PyPI holds them."""
ASSETS_PATH = "/docs/assets"

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
"""
_DOCS = """<title>Ganvas: every call</title>
<link rel="stylesheet" href="{root}/docs/assets/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="{root}/docs/assets/swagger-ui-bundle.js"></script>
<script src="{root}/docs/start.js"></script>
</html>
"""
# The page lies at /docs, so that a relative address leads to the document under any prefix of a proxy's.
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset],
});
"""
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self' data:; media-src blob:; frame-ancestors 'none'"
)


@router.head("/docs")
@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The interactive OpenAPI page."""
    root = escape(request.scope.get("root_path", ""), quote=True)
    return HTMLResponse(_HEAD + _DOCS.format(root=root), headers={"Content-Security-Policy": _DOCS_POLICY})


@router.head("/docs/start.js")
@router.get("/docs/start.js")
async def start() -> Response:
    """What starts the interactive page; a script of its own, since the page's policy allows none inside it."""
    return Response(_START, media_type="text/javascript")
