"""The result is seen where it is made: beside or under what makes it, without scrolling."""

from tests.browser.conftest import NARROW
from tests.browser.pages import act, choose_model, keep, pictures

LAPTOP = {"width": 1366, "height": 768}


def box(page, selector):
    """Where an element is while the page stands at its top."""
    page.evaluate("scrollTo(0, 0)")
    return page.locator(selector).first.bounding_box()


def bottom(of):
    return of["y"] + of["height"]


def test_a_sum_is_seen_where_the_bins_are(visit):
    page = visit("sample", viewport=LAPTOP)
    keep(page, "faces@1", 3)
    page.evaluate("location.hash = 'arithmetic'")
    for index in range(3):
        page.locator(".shelf [data-id]").nth(index).press(str(index + 1))
    pictures(page.locator(".result"), 1)
    for viewport in (LAPTOP, NARROW):
        page.set_viewport_size(viewport)
        assert len({each.bounding_box()["y"] for each in page.locator(".bin").all()}) == 1  # in one row
        bins, result, kept, directions = (box(page, each) for each in (".bins", ".result", ".kept", ".directions"))
        assert result["y"] + 50 < viewport["height"]
        assert bins["y"] < result["y"] < kept["y"] < directions["y"]
    assert bottom(bins) <= result["y"]


def test_a_facade_is_built_next_to_its_drawing(visit):
    page = visit("translate", viewport=LAPTOP)
    choose_model(page, "facades@1")
    palette = box(page, ".palette")
    act(page, "translate")
    drawing, built = box(page, ".facade canvas"), box(page, ".built img")
    assert built["y"] == drawing["y"]
    assert bottom(built) <= LAPTOP["height"]
    assert box(page, ".palette") == palette  # so that nothing moves under the pointer
    page.set_viewport_size(NARROW)
    assert 0 <= box(page, ".built img")["y"] - bottom(box(page, ".facade canvas")) < 50
