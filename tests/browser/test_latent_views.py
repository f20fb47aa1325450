"""Gallery, sample, interpolate and arithmetic."""

import re

from PIL import Image
from playwright.sync_api import expect

from tests.browser.page_actions import choose_model, code_of, image_sources, save_images


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
    faces.get_by_text("Metrics").click()
    expect(faces.get_by_text("of ten samples")).to_be_visible()
    assert faces.locator(".actions a").all_inner_texts() == [
        "Sample",
        "Interpolate",
        "Arithmetic",
        "Discriminate",
        "Encode",
    ]
    faces.get_by_role("link", name="Interpolate").click()
    page.get_by_role("heading", name="Interpolate").wait_for()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("faces@1")


def test_seed_reproduces_the_grid_and_more_appends(visit):
    page = visit("sample")
    choose_model(page, "faces@1")
    first = image_sources(page.locator(".grid"), 24)
    page.get_by_role("button", name="More").click()
    assert image_sources(page.locator(".grid"), 48)[:24] == first
    page.get_by_label("Seed").first.fill("24")
    expect(page.locator(".grid .image")).to_have_count(24)
    page.get_by_label("Seed").first.fill("0")
    expect(page.locator(".grid img").first).to_have_attribute("src", first[0])
    assert image_sources(page.locator(".grid"), 24) == first


def test_truncation_and_classes_change_the_grid(visit):
    page = visit("sample")
    choose_model(page, "shapes@1")
    image_sources(page.locator(".grid"), 24)
    page.get_by_role("combobox", name="Class").select_option("star")
    expect(page.get_by_role("button", name=re.compile("Save star, seed"))).to_have_count(24)
    assert "class=star" in code_of(page, "curl")
    stars = image_sources(page.locator(".grid"), 24)
    page.get_by_role("slider", name="Truncation").fill("0.5")
    expect(page.locator(".grid img").first).not_to_have_attribute("src", stars[0])
    assert "truncation=0.5" in code_of(page, "curl")


def test_saved_images_last_until_they_are_unsaved(visit):
    page = visit("sample")
    save_images(page, "faces@1", 2)
    expect(page.get_by_text("2 images of this model are saved")).to_be_visible()
    page.reload()
    page.locator(".grid .image[aria-pressed=true]").nth(1).wait_for()
    page.locator(".grid .image").first.click()
    expect(page.get_by_text("1 images of this model are saved")).to_be_visible()


def test_interpolation_is_dragged_played_and_downloaded(visit):
    page = visit("sample")
    save_images(page, "faces@1", 2)
    page.get_by_role("link", name="Interpolate").click()
    place = page.get_by_role("slider", name="Position in the interpolation")
    image = page.get_by_role("img", name="Interpolation frame")
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
        page.get_by_role("combobox", name="Format").select_option(form)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download", exact=True).click()
        assert saved.value.suggested_filename == f"interpolation.{form}"
        with Image.open(saved.value.path()) as animation:
            assert animation.format == content
            assert animation.n_frames == 17


def test_interpolation_of_random_images_with_loop(visit):
    page = visit("interpolate")
    choose_model(page, "shapes@1")
    expect(page.get_by_text("Select two or more")).to_be_visible()
    page.get_by_role("button", name="Save four random images").click()
    place = page.get_by_role("slider", name="Position in the interpolation")
    place.wait_for()
    assert place.get_attribute("max") == "48"
    page.get_by_label("Loop").check()
    assert place.get_attribute("max") == "63"
    assert '"loop":true' in code_of(page, "curl")
    page.get_by_role("button", name=re.compile("Remove keyframe 4")).click()
    assert place.get_attribute("max") == "47"
    page.get_by_role("combobox", name="Steps").select_option("33")
    assert place.get_attribute("max") == "95"
    page.get_by_role("button", name="Save four random images").click()
    left_out = page.locator(".thumbnails .image[aria-pressed=false]")
    expect(left_out).to_have_count(5)
    for _ in range(2):
        left_out.first.press("Enter")
    page.get_by_text("An interpolation has at most 128 frames, but this one would have 160").wait_for()


def test_arithmetic_by_keyboard_with_variations(visit):
    page = visit("sample")
    save_images(page, "faces@1", 3)
    page.get_by_role("link", name="Arithmetic").click()
    saved = page.locator(".thumbnails [data-id]")
    for index, key in enumerate("123"):
        saved.nth(index).press(key)
    image_sources(page.locator(".output .grid"), 8)
    assert image_sources(page.locator(".result"), 1)[0] not in image_sources(page.locator(".thumbnails"), 3)
    assert '"weight":-1' in code_of(page, "curl")
    page.get_by_role("button", name="Remove seed 1 from slot 2").press("Enter")
    expect(page.locator(".code code")).not_to_contain_text('"weight":-1')
    page.get_by_role("button", name="Save the result").click()
    expect(saved).to_have_count(4)


def test_arithmetic_by_dragging_and_by_buttons(visit):
    page = visit("sample")
    save_images(page, "shapes@1", 2)
    page.get_by_role("link", name="Arithmetic").click()
    saved = page.locator(".thumbnails [data-id]")
    saved.first.drag_to(page.locator(".term-slot").nth(0))
    image_sources(page.locator(".term-slot").nth(0), 1)
    saved.nth(1).click()
    page.locator(".term-slot").nth(2).get_by_role("button", name="Add here").click()
    image_sources(page.locator(".term-slot").nth(2), 1)
    image_sources(page.locator(".result"), 1)


def test_directions_move_the_result(visit):
    page = visit("sample")
    save_images(page, "faces@1", 1)
    page.get_by_role("link", name="Arithmetic").click()
    page.locator(".thumbnails [data-id]").first.press("1")
    (before,) = image_sources(page.locator(".result"), 1)
    page.get_by_role("slider", name="smile").fill("2")
    expect(page.locator(".result img").first).not_to_have_attribute("src", before)
    assert '"directions":[{"name":"smile","weight":2}]' in code_of(page, "curl")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".result img").first).to_have_attribute("src", before)
    choose_model(page, "shapes@1")
    expect(page.get_by_text("Directions")).to_be_hidden()
