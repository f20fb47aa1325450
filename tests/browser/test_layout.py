"""The result is visible beside or below its controls, without scrolling."""

from tests.browser.conftest import NARROW
from tests.browser.page_actions import act, choose_model, image_sources, save_images

LAPTOP = {"width": 1366, "height": 768}


def box(page, selector):
    """Where an element is while the page stands at its top."""
    page.evaluate("scrollTo(0, 0)")
    return page.locator(selector).first.bounding_box()


def bottom(of):
    return of["y"] + of["height"]


def test_result_of_arithmetic_is_visible_beside_the_slots(visit):
    page = visit("sample", viewport=LAPTOP)
    save_images(page, "faces@1", 3)
    page.evaluate("location.hash = 'arithmetic'")
    for index in range(3):
        page.locator(".thumbnails [data-id]").nth(index).press(str(index + 1))
    image_sources(page.locator(".result"), 1)
    for viewport in (LAPTOP, NARROW):
        page.set_viewport_size(viewport)
        assert len({each.bounding_box()["y"] for each in page.locator(".term-slot").all()}) == 1  # in one row
        slots, result, saved, directions = (
            box(page, each) for each in (".term-slots", ".result", ".saved-images", ".directions")
        )
        assert result["y"] + 50 < viewport["height"]
        assert slots["y"] < result["y"] < saved["y"] < directions["y"]
    assert bottom(slots) <= result["y"]


def test_translated_facade_is_visible_beside_its_drawing(visit):
    page = visit("translate", viewport=LAPTOP)
    choose_model(page, "facades@1")
    palette = box(page, ".palette")
    act(page, "translate")
    drawing, translation = box(page, ".facade canvas"), box(page, ".translation img")
    assert translation["y"] == drawing["y"]
    assert bottom(translation) <= LAPTOP["height"]
    assert box(page, ".palette") == palette  # nothing moves under the pointer
    page.set_viewport_size(NARROW)
    assert 0 <= box(page, ".translation img")["y"] - bottom(box(page, ".facade canvas")) < 50
