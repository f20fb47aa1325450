"""`python -m tests.clients.openapi`: the OpenAPI page under default settings, of which TypeScript types are made."""

import json
import sys
from pathlib import Path

from service.http.app import create_app
from service.settings import Settings


def page() -> bytes:
    """The page as JSON with sorted keys."""
    # The models folder does not matter: nothing is opened.
    described = create_app(Settings(models_dir=Path("models"))).openapi()
    return json.dumps(described, sort_keys=True).encode()


if __name__ == "__main__":
    sys.stdout.buffer.write(page())
