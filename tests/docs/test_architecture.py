"""The diagrams of docs/architecture.md show the packages that exist."""

import re

import pytest

from tests.docs.blocks import ROOT, blocks

_DIAGRAMS = [block.text for block in blocks(ROOT / "docs/architecture.md") if block.language == "mermaid"]


@pytest.mark.parametrize(("package", "diagram"), list(zip(("service", "training"), _DIAGRAMS, strict=True)))
def test_a_diagram_shows_every_layer(package, diagram):
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}
    shown = re.findall(r'\["(\w+)(/?)', diagram)
    assert {name for name, slash in shown if slash} == folders
    assert {name for name, slash in shown if not slash} == modules


@pytest.mark.parametrize("diagram", _DIAGRAMS)
def test_every_box_of_a_diagram_is_connected(diagram):
    boxes = set(re.findall(r'(\w+)\["', diagram))
    ends = {end for edge in re.findall(r'(\w+)(?:\[".*?"\])? --> (\w+)', diagram) for end in edge}
    assert boxes == ends
