"""Pages for people: what is served, and the interactive OpenAPI page. Nothing is fetched from elsewhere."""

import base64
import hashlib
from html import escape
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from service.model import LoadedModel
from service.parts import ServicesDependency

router = APIRouter(include_in_schema=False)

ASSETS = str(files("fastapi_offline") / "static")
"""Swagger UI's own files, as a package from PyPI holds them."""
ASSETS_PATH = "/docs/assets"

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 2rem; padding: 0; }
li { list-style: none; }
img { width: 100%; image-rendering: pixelated; border-radius: .25rem; }
h2 { font-size: 1rem; margin: .5rem 0 0; }
p { margin: .25rem 0; }
small { opacity: .75; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
"""
_PAGE = """<title>Ganvas</title>
<style>{style}</style>
<h1>Ganvas</h1>
<p>Pictures by generative adversarial networks, over HTTP.
<a href="{root}/docs">Try every call</a>, or read <a href="{root}/openapi.json">the OpenAPI document</a>.</p>
{models}
</html>
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
_HOME_POLICY = f"default-src 'none'; img-src 'self' data:; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"
_DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self' data:; media-src blob:; frame-ancestors 'none'"
)


@router.head("/")
@router.get("/")
async def home(request: Request, parts: ServicesDependency) -> HTMLResponse:
    """The served models with their previews."""
    root = escape(request.scope.get("root_path", ""), quote=True)
    cards = "".join(_card(model, root) for model in parts.repository)
    listed = f"<ul>{cards}</ul>" if cards else "<p>No model is served yet.</p>"
    page = _HEAD + _PAGE.format(root=root, models=listed, style=_STYLE)
    return HTMLResponse(page, headers={"Content-Security-Policy": _HOME_POLICY})


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


def _card(model: LoadedModel, root: str) -> str:
    about = model.manifest
    path = f"{root}/v1/models/{model.name}"
    return (
        f'<li><a href="{path}"><img src="{path}/preview" alt="Samples of {escape(about.name)}"></a>'
        f"<h2>{escape(model.name)}</h2><p>{escape(about.description)}</p>"
        f"<p><small>{about.method}; {escape(about.data.name)}: {escape(about.data.terms)}</small></p></li>"
    )
