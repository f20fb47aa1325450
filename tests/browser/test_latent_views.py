"""Gallery, sample, walk and arithmetic, as a person goes through them."""

import re

from PIL import Image
from playwright.sync_api import expect

from tests.browser.pages import choose_model, code_of, keep, pictures


def test_the_gallery_shows_every_model_and_what_it_can_do(visit):
    page = visit()
    cards = page.locator(".cards > li")
    expect(cards).to_have_count(5)
    names = sorted(cards.locator("h2").all_inner_texts())
    assert names == [f"{name} version 1" for name in ("dawn", "dusk", "facades", "faces", "shapes")]
    for preview in cards.locator("img").all():
        preview.scroll_into_view_if_needed()
        expect(preview).to_have_js_property("complete", True)
        assert preview.evaluate("image => image.naturalWidth") > 0
    faces = cards.filter(has_text="faces version")
    faces.get_by_text("Measured").click()
    expect(faces.get_by_text("of ten samples")).to_be_visible()
    assert faces.locator(".ways a").all_inner_texts() == ["Sample", "Walk", "Arithmetic", "Real or fake?", "Encode"]
    faces.get_by_role("link", name="Walk").click()
    page.get_by_role("heading", name="Walk").wait_for()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("faces@1")


def test_a_seed_gives_the_same_grid_and_more_goes_on(visit):
    page = visit("sample")
    choose_model(page, "faces@1")
    first = pictures(page.locator(".grid"), 24)
    page.get_by_role("button", name="More").click()
    assert pictures(page.locator(".grid"), 48)[:24] == first
    page.get_by_label("Seed").first.fill("24")
    expect(page.locator(".grid .picture")).to_have_count(24)
    page.get_by_label("Seed").first.fill("0")
    expect(page.locator(".grid img").first).to_have_attribute("src", first[0])
    assert pictures(page.locator(".grid"), 24) == first


def test_truncation_and_classes_change_the_grid(visit):
    page = visit("sample")
    choose_model(page, "shapes@1")
    pictures(page.locator(".grid"), 24)
    page.get_by_role("combobox", name="Class").select_option("star")
    expect(page.get_by_role("button", name=re.compile("Keep star, seed"))).to_have_count(24)
    assert "class=star" in code_of(page, "curl")
    stars = pictures(page.locator(".grid"), 24)
    page.get_by_role("slider", name="Truncation").fill("0.5")
    expect(page.locator(".grid img").first).not_to_have_attribute("src", stars[0])
    assert "truncation=0.5" in code_of(page, "curl")


def test_kept_pictures_stay_until_they_are_let_go(visit):
    page = visit("sample")
    keep(page, "faces@1", 2)
    expect(page.get_by_text("2 kept of this model")).to_be_visible()
    page.reload()
    page.locator(".grid .picture[aria-pressed=true]").nth(1).wait_for()
    page.locator(".grid .picture").first.click()
    expect(page.get_by_text("1 kept of this model")).to_be_visible()


def test_a_walk_is_seen_dragged_played_and_saved(visit):
    page = visit("sample")
    keep(page, "faces@1", 2)
    page.get_by_role("link", name="Walk").click()
    place = page.get_by_role("slider", name="Place on the walk")
    image = page.get_by_role("img", name="The walk")
    assert place.get_attribute("max") == "16"
    seen = []
    for at in range(0, 17, 4):
        place.fill(str(at))
        for other in seen:
            expect(image).not_to_have_attribute("src", other)  # once it is there: until then the nearest is shown
        seen.append(image.get_attribute("src"))
    assert place.get_attribute("aria-valuetext") == "frame 17 of 17"
    page.get_by_role("button", name="Play").click()
    expect(place).to_have_value("2")
    page.get_by_role("button", name="Pause").click()
    for form, content in (("gif", "GIF"), ("webp", "WEBP")):
        page.get_by_role("combobox", name="Save as").select_option(form)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Save", exact=True).click()
        assert saved.value.suggested_filename == f"walk.{form}"
        with Image.open(saved.value.path()) as animation:
            assert animation.format == content
            assert animation.n_frames == 17


def test_a_walk_may_begin_with_pictures_at_random_and_go_round(visit):
    page = visit("walk")
    choose_model(page, "shapes@1")
    expect(page.get_by_text("Choose two or more")).to_be_visible()
    page.get_by_role("button", name="Keep four at random").click()
    place = page.get_by_role("slider", name="Place on the walk")
    place.wait_for()
    assert place.get_attribute("max") == "48"
    page.get_by_label("and back, for ever").check()
    assert place.get_attribute("max") == "63"
    assert '"loop":true' in code_of(page, "curl")
    page.get_by_role("button", name=re.compile("Stop 4, leave out")).click()
    assert place.get_attribute("max") == "47"
    page.get_by_role("combobox", name="Steps").select_option("33")
    assert place.get_attribute("max") == "95"
    page.get_by_role("button", name="Keep four at random").click()
    left_out = page.locator(".shelf .picture[aria-pressed=false]")
    expect(left_out).to_have_count(5)
    for _ in range(2):
        left_out.first.press("Enter")
    page.get_by_text("A walk has at most 128 frames, and this one would have 160").wait_for()


def test_arithmetic_by_keyboard_with_variations(visit):
    page = visit("sample")
    keep(page, "faces@1", 3)
    page.get_by_role("link", name="Arithmetic").click()
    kept = page.locator(".shelf [data-id]")
    for index, bin_ in enumerate("123"):
        kept.nth(index).press(bin_)
    pictures(page.locator(".sum .grid"), 8)
    assert pictures(page.locator(".result"), 1)[0] not in pictures(page.locator(".shelf"), 3)
    assert '"weight":-1' in code_of(page, "curl")
    page.get_by_role("button", name="Take seed 1 out").press("Enter")
    expect(page.locator(".code code")).not_to_contain_text('"weight":-1')
    page.get_by_role("button", name="Keep the result").click()
    expect(kept).to_have_count(4)


def test_arithmetic_by_dragging_and_by_buttons(visit):
    page = visit("sample")
    keep(page, "shapes@1", 2)
    page.get_by_role("link", name="Arithmetic").click()
    kept = page.locator(".shelf [data-id]")
    kept.first.drag_to(page.locator(".bin").nth(0))
    pictures(page.locator(".bin").nth(0), 1)
    kept.nth(1).click()
    page.locator(".bin").nth(2).get_by_role("button", name="Put it here").click()
    pictures(page.locator(".bin").nth(2), 1)
    pictures(page.locator(".result"), 1)


def test_directions_move_the_result(visit):
    page = visit("sample")
    keep(page, "faces@1", 1)
    page.get_by_role("link", name="Arithmetic").click()
    page.locator(".shelf [data-id]").first.press("1")
    (before,) = pictures(page.locator(".result"), 1)
    page.get_by_role("slider", name="smile").fill("2")
    expect(page.locator(".result img").first).not_to_have_attribute("src", before)
    assert '"directions":[{"name":"smile","weight":2}]' in code_of(page, "curl")
    page.get_by_role("button", name="Back to the middle").click()
    expect(page.locator(".result img").first).to_have_attribute("src", before)
    choose_model(page, "shapes@1")
    expect(page.get_by_text("Directions")).to_be_hidden()
