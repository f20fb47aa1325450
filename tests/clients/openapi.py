"""`python -m tests.clients.openapi`: prints the OpenAPI document of the default settings, for the TypeScript types."""

import json
import sys
from pathlib import Path

from service.http.app import create_app
from service.settings import Settings


def page() -> bytes:
    """The document as JSON with sorted keys."""
    # The models folder does not matter: no model is loaded.
    described = create_app(Settings(models_dir=Path("models"))).openapi()
    return json.dumps(described, sort_keys=True).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(page())
