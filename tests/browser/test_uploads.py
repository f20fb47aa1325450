"""Uploads: files, drag and drop, paste, camera, and images of any size."""

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import builders
from tests.browser.page_actions import FILE, choose_file, code_of, downloaded

HAND_OVER = """([kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], "me.png", {type: "image/png"}));
  const zone = document.querySelector(".dropzone");
  if (kind === "drop") zone.dispatchEvent(new DragEvent("drop", {dataTransfer: files, cancelable: true}));
  else document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: files, bubbles: true}));
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_image_is_dropped_or_pasted(visit, kind):
    page = visit("translate")
    page.locator(".dropzone").wait_for()
    page.evaluate(HAND_OVER, [kind, base64.b64encode(FILE["buffer"]).decode()])
    page.locator(".divider").wait_for()
    assert {"drop": "@'me.png'", "paste": "@'upload.png'"}[kind] in code_of(page, "curl")  # a clipboard has no files


BESIDE = """(type) => {
  const files = new DataTransfer();
  files.items.add(new File(["x"], "me.png", {type: "image/png"}));
  const event = new DragEvent(type, {dataTransfer: files, cancelable: true, bubbles: true});
  document.querySelector("h1").dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_file_dropped_outside_the_drop_zone_does_not_replace_the_page(visit):
    page = visit("translate")
    page.locator(".dropzone").wait_for()
    assert all(page.evaluate(BESIDE, kind) for kind in ("dragover", "drop"))
    page.evaluate("location.hash = 'gallery'")
    page.locator(".cards").wait_for()
    assert not page.evaluate(BESIDE, "drop")


def test_a_photo_is_taken(visit):
    page = visit("translate")
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Use the camera")).to_be_disabled()
    page.get_by_role("button", name="Take photo").click()
    page.locator(".divider img").first.wait_for()
    assert page.locator(".divider img").first.evaluate("async i => { await i.decode(); return i.naturalWidth; }") > 100
    expect(page.locator("video")).to_be_hidden()
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Close camera").click()
    expect(page.locator("video")).to_be_hidden()


SLOW_CAMERA = """() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 480 });
    const stream = canvas.captureStream(0);
    navigator.mediaDevices.getUserMedia = async () => stream;
    window.show = () => { canvas.getContext("2d").fillRect(0, 0, 9, 9); stream.getTracks()[0].requestFrame(); };
}"""


def test_buttons_do_not_move_when_the_live_view_starts(visit):
    page = visit("translate")
    page.evaluate(SLOW_CAMERA)
    page.get_by_role("button", name="Use the camera").click()
    take = page.get_by_role("button", name="Take photo")
    expect(take).to_be_disabled()
    before = take.bounding_box()
    page.evaluate("show()")
    expect(take).to_be_enabled()
    assert take.bounding_box() == before


WAITING_CAMERA = """() => {
    const stream = document.createElement("canvas").captureStream(0);
    navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => { window.allow = () => resolve(stream); });
    window.state = () => stream.getTracks()[0].readyState;
}"""


def test_camera_granted_after_the_view_was_left_is_stopped(visit):
    page = visit("translate")
    page.evaluate(WAITING_CAMERA)
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("link", name="Sample", exact=True).click()
    page.locator(".view.sample").wait_for()
    assert page.evaluate("async () => { allow(); await new Promise(setTimeout); return state(); }") == "ended"


def test_large_image_is_scaled_down_unless_the_original_size_is_selected(visit):
    page = visit("translate")
    choose_file(page, buffer=builders.image_file(700, 350))
    shown = page.locator(".divider img").first
    shown.wait_for()
    sizes = []
    for size, width in (("256", 256), ("Infinity", 700), ("model", 700)):
        old = shown.get_attribute("src")
        page.get_by_role("combobox", name="Size").select_option(size)
        expect(shown).not_to_have_attribute("src", old)
        sizes.append((shown.evaluate("async i => { await i.decode(); return i.naturalWidth; }"), width))
    assert all(found == wanted for found, wanted in sizes)
    assert "fit=resize" in code_of(page, "curl")


def photo(side):
    """A file of more pixels than the service reads."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (200, 120, 40)).save(buffer, "PNG")
    return buffer.getvalue()


def test_photo_of_a_phone_is_scaled_down(visit):
    page = visit()
    for view, shown in (("encode", ".comparison .image"), ("discriminate", ".rating .figure")):
        page.evaluate("view => { location.hash = view; }", view)
        page.locator(f".view.{view}").wait_for()
        choose_file(page, buffer=photo(4100))
        page.locator(shown).wait_for()
        assert "@'upload.png'" in code_of(page, "curl")
        _, sent = downloaded(page, "Download the uploaded image")
        assert builders.pixels(sent).shape[:2] == (1024, 1024)
