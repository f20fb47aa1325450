"""What a person does on more than one of the playground's pages."""

from playwright.sync_api import expect


def choose_model(page, name):
    page.get_by_role("combobox", name="Model").select_option(name)


def pictures(place, count):
    """The sources of exactly so many pictures, once they are there."""
    place.locator(".picture img").nth(count - 1).wait_for()
    sources = place.locator(".picture img").evaluate_all("images => images.map(image => image.src)")
    assert len(sources) == count
    return sources


def keep(page, model, count):
    """Keeps the first pictures of a model, on the page Sample."""
    choose_model(page, model)
    expect(page.locator(".code code")).to_contain_text(f"/{model}/")
    for index in range(count):
        page.locator(".grid .picture").nth(index).click()


def code_of(page, language):
    """The lines that are shown in a language."""
    page.get_by_role("button", name=language, exact=True).click()
    return page.locator(".code code").inner_text()
