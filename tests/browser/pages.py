"""What a person does on more than one of the playground's pages."""

import base64

from playwright.sync_api import expect

from tests import builders

FILE = {"name": "me.png", "mimeType": "image/png", "buffer": builders.image_file(40, 24)}


def choose_model(page, name):
    page.get_by_role("combobox", name="Model").select_option(name)


def pictures(place, count):
    """The sources of exactly so many pictures, once they are there."""
    place.locator(".picture img").nth(count - 1).wait_for()
    sources = place.locator(".picture img").evaluate_all("images => images.map(image => image.src)")
    assert len(sources) == count
    return sources


def levels(image):
    """A picture on the page as (H, W, 3) uint8."""
    url = image.evaluate(
        """async (image) => {
          await image.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          canvas.getContext("2d").drawImage(image, 0, 0);
          return canvas.toDataURL();
        }"""
    )
    return builders.pixels(base64.b64decode(url.partition(",")[2]))[:, :, :3]


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


def choose_file(page, **changes):
    """Gives the page a picture of one's own."""
    page.get_by_label("Choose a").set_input_files(FILE | changes)


def saved_by(page, name):
    """The bytes that a button saves, and under which name."""
    with page.expect_download() as saved:
        page.get_by_role("button", name=name, exact=True).click()
    return saved.value.suggested_filename, saved.value.path().read_bytes()


def act(page, view):
    """Does what a page is for, so that all of it is there."""
    page.evaluate("view => { location.hash = view; }", view)
    page.locator(f".view.{view}").wait_for()
    if view == "sample":
        keep(page, "faces@1", 2)
    elif view == "walk":
        page.get_by_role("slider", name="Place on the walk").wait_for()
    elif view == "arithmetic":
        page.locator(".shelf [data-id]").first.press("1")
        pictures(page.locator(".sum .grid"), 8)
    elif view == "translate":
        choose_model(page, "facades@1")
        page.get_by_role("button", name="Begin with an example").click()
        page.get_by_role("img", name="photo").wait_for()
    elif view == "real-or-fake":
        choose_file(page)
        page.locator(".verdict img").wait_for()
        page.get_by_role("button", name="Begin").click()
        page.locator(".pair .picture").first.click()
    elif view == "encode":
        choose_file(page)
        pictures(page.locator(".sides"), 1)
