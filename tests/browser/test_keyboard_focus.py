"""Where the keyboard is after something has been chosen or taken away: never lost."""

from playwright.sync_api import expect

from tests.browser.pages import choose_model, keep


def test_another_model_is_chosen_and_the_next_one(visit):
    page = visit()
    page.locator(".cards").wait_for()
    for view in ("sample", "walk", "arithmetic", "translate", "real-or-fake", "encode"):
        page.evaluate("view => { location.hash = view; }", view)
        page.locator(f".view.{view}").wait_for()
        model = page.get_by_role("combobox", name="Model")
        model.focus()
        for key in ("ArrowDown", "ArrowUp"):
            page.keyboard.press(key)
            expect(model).to_be_focused()


def test_drawing_a_facade_leads_to_its_model(visit):
    page = visit("translate")
    page.get_by_role("button", name="Draw a facade").press("Enter")
    expect(page.get_by_role("combobox", name="Model")).to_be_focused()


def test_after_letting_go_of_a_kept_picture_the_next_one_has_the_focus(visit):
    page = visit("sample")
    keep(page, "faces@1", 3)
    page.get_by_role("link", name="Arithmetic").click()
    page.get_by_role("button", name="Let go of seed 1").press("Enter")
    expect(page.get_by_role("button", name="Let go of seed 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Let go of seed 0")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Kept")).to_be_focused()


def test_after_taking_a_picture_out_of_a_bin_the_next_one_has_the_focus(visit):
    page = visit("sample")
    keep(page, "faces@1", 2)
    page.get_by_role("link", name="Arithmetic").click()
    for index in range(2):
        page.locator(".shelf [data-id]").nth(index).press("1")
    page.get_by_role("button", name="Take seed 0 out").press("Enter")
    expect(page.get_by_role("button", name="Take seed 1 out")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Start from")).to_be_focused()


def test_after_the_camera_its_button_has_the_focus(visit):
    page = visit("translate")
    choose_model(page, "dusk@1")
    camera = page.get_by_role("button", name="Use the camera")
    camera.press("Enter")
    page.get_by_role("button", name="Close the camera").press("Enter")
    expect(camera).to_be_focused()
