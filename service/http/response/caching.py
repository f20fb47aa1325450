"""ETags and conditional requests.

References:
    RFC 9110, sections 8.8.3 (ETag) and 13.1.2 (If-None-Match).
"""

import hashlib

from fastapi import Request

from service.imaging import codecs
from service.pipelines import provenance
from service.repository.loaded_model import LoadedModel


def etag(model: LoadedModel, *inputs: object) -> str:
    """A strong ETag of a response that depends on the model and `inputs` only. It is known before inference."""
    engine = (model.engine, model.engine_version, model.precision)
    key = (model.manifest.digest, *engine, codecs.codec_versions(), provenance.SOFTWARE, *inputs)
    return '"' + hashlib.sha256(repr(key).encode()).hexdigest()[:32] + '"'


def not_modified(request: Request, tag: str) -> bool:
    """Whether the client already has the response with this ETag."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in given.split(","))
