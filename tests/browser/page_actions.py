"""User actions that several browser tests share."""

import base64

from playwright.sync_api import expect

from tests import builders

FILE = {"name": "me.png", "mimeType": "image/png", "buffer": builders.image_file(40, 24)}


def choose_model(page, name):
    page.get_by_role("combobox", name="Model").select_option(name)


def image_sources(place, count):
    """The URLs of exactly `count` images, once they are loaded."""
    place.locator(".image img").nth(count - 1).wait_for()
    sources = place.locator(".image img").evaluate_all("images => images.map(image => image.src)")
    assert len(sources) == count
    return sources


def levels(image):
    """An image on the page as (H, W, 3) uint8."""
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


def save_images(page, model, count):
    """Saves the first images of a model in the view Sample."""
    choose_model(page, model)
    expect(page.locator(".code code")).to_contain_text(f"/{model}/")
    for index in range(count):
        page.locator(".grid .image").nth(index).click()


def code_of(page, language):
    """The code that is shown in a language."""
    page.get_by_role("button", name=language, exact=True).click()
    return page.locator(".code code").inner_text()


def choose_file(page, **changes):
    """Uploads an image."""
    page.get_by_label("Choose a").set_input_files(FILE | changes)


def downloaded(page, name):
    """The name and the bytes of the file that a button downloads."""
    with page.expect_download() as saved:
        page.get_by_role("button", name=name, exact=True).click()
    return saved.value.suggested_filename, saved.value.path().read_bytes()


def act(page, view):
    """Uses a view so that all of its elements are shown."""
    page.evaluate("view => { location.hash = view; }", view)
    page.locator(f".view.{view}").wait_for()
    if view == "sample":
        save_images(page, "faces@1", 2)
    elif view == "interpolate":
        page.get_by_role("slider", name="Position in the interpolation").wait_for()
    elif view == "arithmetic":
        page.locator(".thumbnails [data-id]").first.press("1")
        image_sources(page.locator(".output .grid"), 8)
    elif view == "translate":
        choose_model(page, "facades@1")
        page.get_by_role("button", name="Start with an example").click()
        page.get_by_role("img", name="photo").wait_for()
    elif view == "discriminate":
        choose_file(page)
        page.locator(".rating img").wait_for()
        page.get_by_role("button", name="Start").click()
        page.locator(".pair .image").first.click()
    elif view == "encode":
        choose_file(page)
        image_sources(page.locator(".comparison"), 1)
