"""Pages for people: what is served, and the interactive OpenAPI page. Nothing is fetched from elsewhere."""

from html import escape
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

from service.model import LoadedModel
from service.parts import ServicesDependency

router = APIRouter(include_in_schema=False)

ASSETS = str(files("fastapi_offline") / "static")
"""Swagger UI's own files, as a package from PyPI holds them."""
ASSETS_PATH = "/docs/assets"

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ganvas</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 2rem; padding: 0; }}
li {{ list-style: none; }}
img {{ width: 100%; image-rendering: pixelated; border-radius: .25rem; }}
h2 {{ font-size: 1rem; margin: .5rem 0 0; }}
p {{ margin: .25rem 0; }}
small {{ opacity: .75; }}
</style>
<h1>Ganvas</h1>
<p>Pictures by generative adversarial networks, over HTTP.
<a href="{root}/docs">Try every call</a>, or read <a href="{root}/openapi.json">the OpenAPI document</a>.</p>
{models}
</html>
"""


@router.head("/")
@router.get("/")
async def home(request: Request, parts: ServicesDependency) -> HTMLResponse:
    """The served models with their previews."""
    root = escape(request.scope.get("root_path", ""), quote=True)
    cards = "".join(_card(model, root) for model in parts.repository)
    listed = f"<ul>{cards}</ul>" if cards else "<p>No model is served yet.</p>"
    return HTMLResponse(_PAGE.format(root=root, models=listed))


@router.head("/docs")
@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The interactive OpenAPI page."""
    root = request.scope.get("root_path", "")
    return get_swagger_ui_html(
        openapi_url=f"{root}/openapi.json",
        title="Ganvas: every call",
        swagger_js_url=f"{root}{ASSETS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{root}{ASSETS_PATH}/swagger-ui.css",
        swagger_favicon_url="data:,",
    )


def _card(model: LoadedModel, root: str) -> str:
    about = model.manifest
    path = f"{root}/v1/models/{model.name}"
    return (
        f'<li><a href="{path}"><img src="{path}/preview" alt="Samples of {escape(about.name)}"></a>'
        f"<h2>{escape(model.name)}</h2><p>{escape(about.description)}</p>"
        f"<p><small>{about.method}; {escape(about.data.name)}: {escape(about.data.terms)}</small></p></li>"
    )
