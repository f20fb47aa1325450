"""The keyboard focus after a selection or a removal is never lost."""

from playwright.sync_api import expect

from tests.browser.page_actions import choose_model, save_images


def test_focus_stays_on_the_model_select(visit):
    page = visit()
    page.locator(".cards").wait_for()
    for view in ("sample", "interpolate", "arithmetic", "translate", "discriminate", "encode"):
        page.evaluate("view => { location.hash = view; }", view)
        page.locator(f".view.{view}").wait_for()
        model = page.get_by_role("combobox", name="Model")
        model.focus()
        for key in ("ArrowDown", "ArrowUp"):
            page.keyboard.press(key)
            expect(model).to_be_focused()


def test_drawing_a_facade_focuses_the_model_select(visit):
    page = visit("translate")
    page.get_by_role("button", name="Draw a facade").press("Enter")
    expect(page.get_by_role("combobox", name="Model")).to_be_focused()


def test_after_unsaving_an_image_the_next_one_has_the_focus(visit):
    page = visit("sample")
    save_images(page, "faces@1", 3)
    page.get_by_role("link", name="Arithmetic").click()
    page.get_by_role("button", name="Unsave seed 1").press("Enter")
    expect(page.get_by_role("button", name="Unsave seed 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Unsave seed 0")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Saved images")).to_be_focused()


def test_after_removing_an_image_from_a_slot_the_next_one_has_the_focus(visit):
    page = visit("sample")
    save_images(page, "faces@1", 2)
    page.get_by_role("link", name="Arithmetic").click()
    for index in range(2):
        page.locator(".thumbnails [data-id]").nth(index).press("1")
    page.get_by_role("button", name="Remove seed 0 from slot 1").press("Enter")
    expect(page.get_by_role("button", name="Remove seed 1 from slot 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Start with")).to_be_focused()


def test_after_the_camera_its_button_has_the_focus(visit):
    page = visit("translate")
    choose_model(page, "dusk@1")
    camera = page.get_by_role("button", name="Use the camera")
    camera.press("Enter")
    page.get_by_role("button", name="Close camera").press("Enter")
    expect(camera).to_be_focused()
