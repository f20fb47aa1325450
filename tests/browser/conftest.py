"""A real browser, Debian's Chromium, before the real server over packages made in code."""

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
    """A model for each thing that the playground offers."""
    folder = tmp_path_factory.mktemp("playground")
    axes = np.eye(builders.Z_DIM, dtype=np.float32)
    builders.write_package(folder, "shapes", conditional=True)
    directions = {"smile": 3 * axes[0], "glasses": 3 * axes[1]}
    metrics = (manifest.Metric(name="coverage", value=0.875, protocol="of ten samples"),)
    builders.write_package(folder, "faces", channels=3, encoder=True, directions=directions, metrics=metrics)
    builders.write_translator(folder, "dusk", builders.affine_graph(0.5, -0.25), inverse="dawn", side=64)
    builders.write_translator(folder, "dawn", builders.affine_graph(2.0, 0.5), inverse="dusk", side=64)
    about = "Facades from drawings of their labels."
    there = manifest.Translation(source="labels", target="photo", multiple=1)
    graph = builders.affine_graph(-1.0, 0.0)
    builders.write_translator(folder, "facades", graph, side=64, description=about, translation=there)
    return folder


@pytest.fixture(scope="session")
def site(packages: Path) -> Iterator[str]:
    """Where the page is."""
    with listening(packages) as port:
        yield f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Of one file: while Playwright is open, no other test in this process could start an event loop."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    # Without a GPU Chromium gives up once the process that stands in for one has been too slow a few times.
    plain = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*plain, *camera])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, site):
    """Opens the page in a tab of its own; in the end nothing may have failed or gone elsewhere.

    What it gives takes the part after #, where the page is, what to do to the tab first, and the tab's options.
    """
    tabs = []

    def open_tab(view="", origin=site, prepare=None, **options):
        context = browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce"} | options)
        if prepare:
            prepare(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        tab = SimpleNamespace(context=context, origin=origin, faults=[])
        page.on("pageerror", lambda error: tab.faults.append(str(error)))
        page.on("console", lambda said: tab.faults.append(said.text) if is_fault(said) else None)
        page.on("request", lambda asked: tab.faults.append(asked.url) if is_elsewhere(asked.url, origin) else None)
        tabs.append(tab)
        page.goto(f"{origin}#{view}")
        return page

    yield open_tab
    for tab in tabs:
        tab.context.close()
        assert tab.faults == []


def is_fault(said) -> bool:
    """A broken script or policy; an answer that is an error belongs to some tests."""
    return said.type == "error" and "Failed to load resource" not in said.text


def is_elsewhere(url: str, origin: str) -> bool:
    return not url.startswith((origin, "data:", f"blob:{origin}"))
