"""Translate, discriminate and encode: the views that take uploads."""

import re

from playwright.sync_api import expect

from tests import builders
from tests.browser.page_actions import choose_file, choose_model, code_of, image_sources, levels, save_images


def test_a_file_is_translated_under_a_divider_and_saved(visit):
    page = visit("translate")
    choose_model(page, "dusk@1")
    choose_file(page)
    figure = page.locator(".divider")
    before, after = figure.get_by_role("img", name="days"), figure.get_by_role("img", name="nights")
    after.wait_for()
    assert levels(after).mean() < levels(before).mean() - 5
    assert after.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [40, 24]
    handle = page.get_by_role("slider", name="Divider between days and nights")
    clip = "image => getComputedStyle(image).clipPath"
    middle = before.evaluate(clip)
    handle.press("End")
    assert before.evaluate(clip) != middle
    assert handle.get_attribute("aria-valuetext") == "100 % days"
    assert "--data-binary @'me.png'" in code_of(page, "curl")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download", exact=True).click()
    assert builders.pixels(saved.value.path().read_bytes()).shape == (24, 40, 3)


def test_cycle_is_shown_with_its_error(visit):
    page = visit("translate")
    choose_model(page, "dusk@1")
    page.get_by_label("Translate back to days").check()
    choose_file(page)
    page.get_by_text(re.compile(r"Mean absolute error of the cycle: 0\.\d\d of 255")).wait_for()
    first, second = page.locator(".divider").all()
    original, again = first.get_by_role("img", name="days"), second.get_by_role("img", name="reconstructed days")
    assert abs(levels(again).mean() - levels(original).mean()) < 2
    assert "cycle=true" in code_of(page, "curl")
    choose_model(page, "facades@1")
    expect(page.get_by_label("Translate back")).to_be_hidden()


def test_facade_is_drawn_and_translated(visit):
    page = visit("translate")
    page.get_by_role("button", name="Draw a facade").click()
    page.get_by_role("button", name="Start with an example").click()
    built = page.get_by_role("img", name="photo")
    built.wait_for()
    page.get_by_role("button", name="Clear").click()
    first = built.get_attribute("src")
    page.get_by_role("button", name="shop").click()
    canvas = page.locator(".facade canvas")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] - 20, steps=4)
    page.mouse.up()
    expect(built).not_to_have_attribute("src", first)
    colour = "canvas => [...canvas.getContext('2d').getImageData(32, 32, 1, 1).data]"
    assert canvas.evaluate(colour) == [0xAE, 0x00, 0x01, 255]
    assert canvas.evaluate(colour.replace("32, 32", "0, 0")) == [0x00, 0x00, 0xDE, 255]


def test_a_facade_is_drawn_by_keyboard(visit):
    page = visit("translate")
    choose_model(page, "facades@1")
    page.get_by_role("button", name="door", exact=True).press("Enter")
    canvas = page.locator(".facade canvas")
    for key in ("ArrowRight", "Shift+ArrowDown", "Enter"):
        canvas.press(key)
    page.get_by_role("img", name="photo").wait_for()
    colour = "canvas => [...canvas.getContext('2d').getImageData(22, 22, 1, 1).data]"
    assert canvas.evaluate(colour) == [0x00, 0xCF, 0xFF, 255]
    canvas.press("Delete")
    canvas.press("ArrowRight")
    assert canvas.evaluate(colour.replace("22, 22", "40, 40")) == [0x00, 0x00, 0xDE, 255]


def test_discriminator_rates_a_saved_image_and_a_file(visit):
    page = visit("sample")
    save_images(page, "shapes@1", 1)
    page.get_by_role("link", name="Discriminate").click()
    page.get_by_role("button", name=re.compile("^Rate ")).click()
    verdict = page.locator(".rating")
    expect(verdict.get_by_role("status")).to_have_text(re.compile(r"^\d+ % real$"))
    expect(verdict.get_by_role("meter")).to_be_visible()
    page.get_by_role("combobox", name="Class").select_option("star")
    choose_file(page)
    expect(page.locator(".code code")).to_contain_text("class=star")
    expect(page.locator(".code code")).to_contain_text("@'me.png'")


def test_guessing_game_counts(visit):
    page = visit("discriminate")
    choose_model(page, "faces@1")
    page.get_by_role("button", name="Start").click()
    for rounds in (1, 2):
        left = page.get_by_role("button", name=re.compile("^Left image"))
        expect(left).to_be_enabled()
        left.press("Enter")
        page.get_by_text(re.compile(rf"Correct: \d of {rounds}")).wait_for()
        best = page.locator(".pair .image[aria-pressed=true]")
        text = page.locator(".guess [role=status]").first.inner_text()
        shares = [float(figure) for figure in re.findall(r"([\d.]+) %", text)]
        assert best.get_attribute("aria-label").startswith("Left" if shares[0] >= shares[1] else "Right")
        assert text.startswith("Yes" if shares[0] >= shares[1] else "No")
        page.get_by_role("button", name="Next pair").press("Enter")


def test_a_face_is_encoded_and_moved_along_a_direction(visit):
    page = visit("encode")
    choose_file(page)
    (before,) = image_sources(page.locator(".comparison"), 1)
    expect(page.get_by_role("img", name="Your image")).to_be_visible()
    assert "/encode" in code_of(page, "curl")
    page.get_by_role("slider", name="smile").press("ArrowRight")
    expect(page.locator(".comparison .image img")).not_to_have_attribute("src", before)
    assert '"directions":[{"name":"smile","weight":0.25}]' in code_of(page, "curl")
    page.get_by_role("button", name="Save the reconstruction").click()
    page.get_by_role("link", name="Interpolate").click()
    expect(page.locator(".thumbnails [data-id]")).to_have_count(1)


def test_size_applies_to_uploads_and_not_to_drawings(visit):
    page = visit("translate")
    choose_model(page, "facades@1")
    size = page.get_by_role("combobox", name="Size")
    expect(size).to_be_hidden()
    choose_file(page)
    page.locator(".divider").wait_for()
    expect(size).to_be_visible()
    page.get_by_role("button", name="Start with an example").click()
    expect(size).to_be_hidden()
