"""Fixtures of the clients' tests."""

import pytest

from tests.clients.both_clients import BothClients


@pytest.fixture(scope="module")
def ganvas(port):
    return BothClients(f"http://127.0.0.1:{port}")
