"""The playground: a page at `/`, and its files. They use the public API only."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.http.response.caching import not_modified

router = APIRouter(include_in_schema=False)

PATH = "/playground/"
_PAGE = "index.html"
# Listed here, since the system's table of types differs between machines.
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class _File:
    content: bytes
    media_type: str
    etag: str


@router.head("/")
@router.get("/")
async def home(request: Request) -> Response:
    """The page. Its links are relative, so that they work under any prefix."""
    return _respond(request, _PAGE)


@router.head(PATH + "{name:path}")
@router.get(PATH + "{name:path}")
async def asset(request: Request, name: str) -> Response:
    """One of the page's files."""
    if name == _PAGE:
        raise HTTPException(404)  # its links would be wrong from here
    return _respond(request, name)


def _respond(request: Request, name: str) -> Response:
    file = _files().get(name)
    if file is None:
        raise HTTPException(404)
    headers = {"ETag": file.etag, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    if not_modified(request, file.etag):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)


@cache
def _files() -> dict[str, _File]:
    """Every file by its path below the folder. Only these can be requested."""
    return dict(_below(files("service") / "playground", ""))


def _below(folder: Traversable, prefix: str) -> list[tuple[str, _File]]:
    found: list[tuple[str, _File]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f"{prefix}{entry.name}/")
        elif (suffix := entry.name[entry.name.rfind(".") :]) in _TYPES:
            raw = entry.read_bytes()
            found.append((prefix + entry.name, _File(raw, _TYPES[suffix], f'"{hashlib.sha256(raw).hexdigest()[:32]}"')))
    return found
