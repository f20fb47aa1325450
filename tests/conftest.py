"""Fixtures of every test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests import builders


@contextmanager
def serving(models: Path, **settings: Any) -> Iterator[TestClient]:
    """The application over a folder of packages, in process, once its models have been opened."""
    app = create_app(Settings(models_dir=models, **settings))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.portal.call(wait_until_scanned, app)
        yield client


async def wait_until_scanned(app: Any) -> None:
    """Waits for the scan that the lifespan starts."""
    await app.state.services.opening


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four proven packages: grey, in colour with directions, conditional, and one with a critic."""
    import numpy as np

    folder = tmp_path_factory.mktemp("models")
    builders.write_package(folder, "tiny")
    axis = np.eye(builders.Z_DIM, dtype=np.float32)[0]
    builders.write_package(folder, "colour", channels=3, directions={"smile": axis}, distribution="uniform")
    builders.write_package(folder, "classes", conditional=True)
    builders.write_package(folder, "critic", discriminator="scores")
    return folder


@pytest.fixture(scope="session")
def client(models: Path) -> Iterator[TestClient]:
    """The application over `models`, with the default settings."""
    with serving(models) as served:
        yield served


@pytest.fixture
def serve() -> Callable[..., Any]:
    """`serving`, for tests that need packages or settings of their own."""
    return serving
