"""Debian's Chromium against the real server, with model packages made in code."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from service.repository import manifest
from tests import builders
from tests.conftest import listening

CHROMIUM = Path("/usr/bin/chromium")
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 740}


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model for each view of the playground."""
    folder = tmp_path_factory.mktemp("playground")
    axes = np.eye(builders.Z_DIM, dtype=np.float32)
    builders.write_package(folder, "shapes", conditional=True)
    directions = {"smile": 3 * axes[0], "glasses": 3 * axes[1]}
    metrics = (manifest.Metric(name="coverage", value=0.875, protocol="of ten samples"),)
    builders.write_package(folder, "faces", channels=3, encoder=True, directions=directions, metrics=metrics)
    builders.write_translator(folder, "dusk", builders.affine_graph(0.5, -0.25), inverse="dawn", side=64)
    builders.write_translator(folder, "dawn", builders.affine_graph(2.0, 0.5), inverse="dusk", side=64)
    about = "Facades from label maps."
    there = manifest.Translation(source="labels", target="photo", multiple=1)
    graph = builders.affine_graph(-1.0, 0.0)
    builders.write_translator(folder, "facades", graph, side=64, description=about, translation=there)
    return folder


@pytest.fixture(scope="session")
def site(packages: Path) -> Iterator[str]:
    """The URL of the page."""
    with listening(packages) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """One browser per file: no other test in this process can start an event loop while Playwright is open."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Without a GPU, Chromium exits after its software GPU process was too slow a few times.
    plain = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*plain, *camera])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """Opens the page in its own tab. Fails if the page had errors or sent requests to other hosts.

    The returned function takes the URL's hash, the page's URL, a function that prepares the tab, and the tab's options.
    """
    tabs = []

    def open_tab(view="", origin=site, prepare=None, **options):
        context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce"} | options)
        if prepare:
            prepare(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        tab = SimpleNamespace(context=context, origin=origin, faults=[])
        page.on("pageerror", lambda error: tab.faults.append(str(error)))
        page.on("console", lambda message: tab.faults.append(message.text) if is_fault(message) else None)
        page.on("request", lambda sent: tab.faults.append(sent.url) if is_elsewhere(sent.url, origin) else None)
        tabs.append(tab)
        page.goto(f"{origin}#{view}")
        return page

    yield open_tab
    for tab in tabs:
        tab.context.close()
        assert tab.faults == []


def is_fault(message) -> bool:
    """A script error or a policy violation; some tests expect error responses."""
    return message.type == "error" and "Failed to load resource" not in message.text


def is_elsewhere(url: str, origin: str) -> bool:
    return not url.startswith((origin, "data:", f"blob:{origin}"))
