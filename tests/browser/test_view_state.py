"""What a person has put together lasts while other views are visited."""

from playwright.sync_api import expect

from tests.browser.pages import choose_file, choose_model, keep, pictures


def go(page, name):
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name).wait_for()


def test_the_bins_of_each_model_last(visit):
    page = visit("sample")
    keep(page, "faces@1", 2)
    go(page, "Arithmetic")
    kept = page.locator(".shelf [data-id]")
    kept.nth(0).press("1")
    kept.nth(1).press("2")
    put = [pictures(page.locator(".bin").nth(index), 1) for index in range(2)]
    go(page, "Sample")
    page.locator(".grid .picture[aria-pressed=true]").nth(1).click()
    expect(page.get_by_text("1 kept of this model")).to_be_visible()
    go(page, "Arithmetic")
    assert pictures(page.locator(".bin").nth(0), 1) == put[0]
    expect(page.locator(".bin").nth(1).locator(".picture")).to_have_count(0)  # it has been let go meanwhile
    pictures(page.locator(".result"), 1)
    choose_model(page, "shapes@1")
    expect(page.locator(".bin .picture")).to_have_count(0)
    choose_model(page, "faces@1")
    assert pictures(page.locator(".bin").nth(0), 1) == put[0]


def test_the_seed_the_number_and_the_truncation_last(visit):
    page = visit("sample")
    choose_model(page, "faces@1")
    page.get_by_label("Seed").first.fill("77")
    page.get_by_role("combobox", name="At a time").select_option("12")
    page.get_by_role("slider", name="Truncation").fill("0.5")
    expect(page.locator(".code code")).to_contain_text("seed=77&n=12&truncation=0.5")
    go(page, "Gallery")
    go(page, "Sample")
    expect(page.locator(".code code")).to_contain_text("seed=77&n=12&truncation=0.5")
    expect(page.get_by_label("Seed").first).to_have_value("77")
    expect(page.get_by_role("combobox", name="At a time")).to_have_value("12")
    expect(page.get_by_role("slider", name="Truncation")).to_have_value("0.5")


GIVEN = {"Translate": ".divider img", "Real or fake?": ".verdict img", "Encode": ".sides .picture"}


def test_the_pictures_that_were_given_last(visit):
    page = visit()
    for view, shown in GIVEN.items():
        go(page, view)
        choose_file(page, name=f"{view}.png")
        page.locator(shown).first.wait_for()
    for view, shown in GIVEN.items():
        go(page, view)
        page.locator(shown).first.wait_for()
        expect(page.locator(".code code")).to_contain_text(f"{view}.png")
    go(page, "Translate")
    choose_model(page, "dusk@1")
    expect(page.locator(".code code")).to_contain_text("dusk@1")
    page.locator(".divider").wait_for()


def test_the_drawing_of_a_facade_lasts(visit):
    page = visit("translate")
    choose_model(page, "facades@1")
    page.get_by_role("button", name="Begin with an example").click()
    drawing = page.locator(".facade canvas").evaluate("canvas => canvas.toDataURL()")
    choose_model(page, "dusk@1")
    choose_model(page, "facades@1")
    assert page.locator(".facade canvas").evaluate("canvas => canvas.toDataURL()") == drawing
    page.get_by_role("img", name="photo").wait_for()
