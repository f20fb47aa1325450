"""Every link of the pages leads to a file or heading that exists."""

import re

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PAGES = (*PAGES, *sorted((ROOT / "docs/decisions").glob("*.md")))


def anchors(text):
    """Return the anchors of a page's headings."""
    titles = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", _PAGES, ids=[str(page.relative_to(ROOT)) for page in _PAGES])
def test_links(page):
    text = page.read_text()
    for block in blocks(page):
        text = text.replace(block.text, "")
    for link in _LINK.findall(text):
        if re.match(r"https?:", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no {path}"
        assert not heading or heading in anchors(target.read_text()), f"{link}: there is no such heading"


def test_paths_in_the_table_of_changes_exist():
    """CONTRIBUTING names real modules for ten typical changes."""
    (table,) = re.findall(
        r"\| change \| files \|\n\| --- \| --- \|\n((?:\|.*\n)+)", (ROOT / "CONTRIBUTING.md").read_text()
    )
    rows = table.splitlines()
    assert len(rows) >= 10
    for row in rows:
        paths = re.findall(r"`([^`]+)`", row)
        assert paths, row
        assert [path for path in paths if not (ROOT / path).exists()] == []
