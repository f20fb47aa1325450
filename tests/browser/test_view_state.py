"""State of a view lasts while other views are visited."""

import pytest
from playwright.sync_api import expect

from tests.browser.page_actions import choose_file, choose_model, image_sources, save_images


def go(page, name):
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name).wait_for()


def test_term_slots_of_each_model_last(visit):
    page = visit("sample")
    save_images(page, "faces@1", 2)
    go(page, "Arithmetic")
    saved = page.locator(".thumbnails [data-id]")
    saved.nth(0).press("1")
    saved.nth(1).press("2")
    put = [image_sources(page.locator(".term-slot").nth(index), 1) for index in range(2)]
    go(page, "Sample")
    page.locator(".grid .image[aria-pressed=true]").nth(1).click()
    expect(page.get_by_text("1 images of this model are saved")).to_be_visible()
    go(page, "Arithmetic")
    assert image_sources(page.locator(".term-slot").nth(0), 1) == put[0]
    expect(page.locator(".term-slot").nth(1).locator(".image")).to_have_count(0)  # it was unsaved in between
    image_sources(page.locator(".result"), 1)
    choose_model(page, "shapes@1")
    expect(page.locator(".term-slot .image")).to_have_count(0)
    choose_model(page, "faces@1")
    assert image_sources(page.locator(".term-slot").nth(0), 1) == put[0]


def test_sample_options_last(visit):
    page = visit("sample")
    choose_model(page, "faces@1")
    page.get_by_label("Seed").first.fill("77")
    page.get_by_role("combobox", name="Images per request").select_option("12")
    page.get_by_role("slider", name="Truncation").fill("0.5")
    expect(page.locator(".code code")).to_contain_text("seed=77&n=12&truncation=0.5")
    go(page, "Gallery")
    go(page, "Sample")
    expect(page.locator(".code code")).to_contain_text("seed=77&n=12&truncation=0.5")
    expect(page.get_by_label("Seed").first).to_have_value("77")
    expect(page.get_by_role("combobox", name="Images per request")).to_have_value("12")
    expect(page.get_by_role("slider", name="Truncation")).to_have_value("0.5")


UPLOAD_RESULTS = {"Translate": ".divider img", "Discriminate": ".rating img", "Encode": ".comparison .image"}


def test_uploads_last(visit):
    page = visit()
    for view, shown in UPLOAD_RESULTS.items():
        go(page, view)
        choose_file(page, name=f"{view}.png")
        page.locator(shown).first.wait_for()
    for view, shown in UPLOAD_RESULTS.items():
        go(page, view)
        page.locator(shown).first.wait_for()
        expect(page.locator(".code code")).to_contain_text(f"{view}.png")
    go(page, "Translate")
    choose_model(page, "dusk@1")
    expect(page.locator(".code code")).to_contain_text("dusk@1")
    page.locator(".divider").wait_for()


def test_drawing_of_a_facade_lasts(visit):
    page = visit("translate")
    choose_model(page, "facades@1")
    page.get_by_role("button", name="Start with an example").click()
    drawing = page.locator(".facade canvas").evaluate("canvas => canvas.toDataURL()")
    choose_model(page, "dusk@1")
    choose_model(page, "facades@1")
    assert page.locator(".facade canvas").evaluate("canvas => canvas.toDataURL()") == drawing
    page.get_by_role("img", name="photo").wait_for()


FORMER_STORAGE = """() => {
  sessionStorage.setItem("ganvas.kept", sessionStorage.getItem("ganvas.saved"));
  sessionStorage.removeItem("ganvas.saved");
}"""


def test_saved_images_of_earlier_versions_are_migrated(visit):
    page = visit("sample")
    save_images(page, "faces@1", 2)
    expect(page.get_by_text("2 images of this model are saved")).to_be_visible()
    page.evaluate(FORMER_STORAGE)
    page.reload()
    page.locator(".grid .image[aria-pressed=true]").nth(1).wait_for()
    assert page.evaluate("sessionStorage.getItem('ganvas.kept')") is None


@pytest.mark.parametrize(
    ("hash_", "current", "title"),
    [("walk", "interpolate", "Interpolate"), ("real-or-fake", "discriminate", "Discriminate")],
)
def test_links_of_earlier_versions_open_the_renamed_view(visit, hash_, current, title):
    page = visit(hash_)
    page.get_by_role("heading", name=title).wait_for()
    assert page.evaluate("location.hash") == f"#{current}"
    page.get_by_role("link", name="Gallery").click()
    page.get_by_role("heading", name="Gallery").wait_for()
    page.evaluate("view => { location.hash = view; }", hash_)
    page.get_by_role("heading", name=title).wait_for()
