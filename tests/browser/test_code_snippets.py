"""The code that a view shows does what the view did, with the user's files."""

import base64
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests import builders
from tests.browser.page_actions import (
    FILE,
    act,
    choose_file,
    choose_model,
    code_of,
    downloaded,
    image_sources,
    levels,
    save_images,
)

SENT = "Download the uploaded image"


def shell(lines, folder):
    return subprocess.run(["bash", "-c", lines], cwd=folder, check=False, capture_output=True, text=True, timeout=200)


def responses_of_curl(lines, folder):
    """The JSON responses that the curl code prints, in order."""
    done = shell(lines, folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in re.sub(r"\}\s*\{", "}\n{", done.stdout).splitlines()]


def by_every_language(page, folder, output, sent=b""):
    """The image that the code writes; all three languages write the same file."""
    made = {}
    for language in ("curl", "Python"):
        lines = code_of(page, language)
        command = ["bash", "-c", lines] if language == "curl" else [sys.executable, "-c", lines]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=200)
        made[language] = (folder / output).read_bytes()
    program = (
        "async (sent) => { const file = new Blob([Uint8Array.from(atob(sent), (letter) => letter.charCodeAt(0))]);\n"
        f"{code_of(page, 'JavaScript')}\n"
        f"const bytes = new Uint8Array(await {output.partition('.')[0]}.arrayBuffer());\n"
        "return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')); }"
    )
    made["JavaScript"] = base64.b64decode(page.evaluate(program, base64.b64encode(sent).decode()))
    assert made["curl"] == made["Python"] == made["JavaScript"]
    return made["curl"]


def read(folder, name):
    """A file on disk as (H, W, 3) uint8."""
    with Image.open(folder / name) as image:
        return np.asarray(image.convert("RGB"))


def test_code_of_a_grid_and_of_an_interpolation(visit, tmp_path):
    page = visit("sample")
    save_images(page, "shapes@1", 2)
    by_every_language(page, tmp_path, "images.png")
    grid, tiles = read(tmp_path, "images.png"), [levels(image) for image in page.locator(".grid img").all()]
    height, width, _ = tiles[0].shape
    for index, tile in enumerate(tiles):
        row, column = divmod(index, grid.shape[1] // width)
        top, left = row * height, column * width
        assert np.array_equal(grid[top : top + height, left : left + width], tile)
    act(page, "interpolate")
    assert by_every_language(page, tmp_path, "interpolation.gif") == downloaded(page, "Download")[1]


@pytest.mark.parametrize("kind", ["drawing", "large", "photo"])
def test_code_of_a_translation_takes_the_uploaded_image(visit, tmp_path, kind):
    page = visit("translate")
    if kind == "drawing":
        act(page, "translate")
    else:
        choose_model(page, "facades@1")
        if kind == "large":
            choose_file(page, buffer=builders.image_file(700, 350))
        else:
            page.get_by_role("button", name="Use the camera").click()
            page.get_by_role("button", name="Take photo").click()
    shown = levels(page.get_by_role("img", name="photo"))
    name, sent = downloaded(page, SENT)
    (tmp_path / name).write_bytes(sent)
    by_every_language(page, tmp_path, "translated.png", sent)
    assert np.array_equal(read(tmp_path, "translated.png"), shown)


def test_code_of_an_unchanged_file_names_it(visit, tmp_path):
    page = visit("translate")
    choose_model(page, "dusk@1")
    page.get_by_label("Translate back to days").check()
    choose_file(page)
    (tmp_path / "me.png").write_bytes(FILE["buffer"])
    shown = [levels(page.get_by_role("img", name=name)) for name in ("nights", "reconstructed days")]
    expect(page.get_by_role("button", name=SENT)).to_be_hidden()
    by_every_language(page, tmp_path, "reconstructed.png", FILE["buffer"])
    assert np.array_equal(read(tmp_path, "translated.png"), shown[0])
    assert np.array_equal(read(tmp_path, "reconstructed.png"), shown[1])


def test_curl_code_fails_if_the_service_refuses(visit, tmp_path):
    page = visit("translate")
    choose_file(page)
    page.locator(".divider").wait_for()
    (tmp_path / "me.png").write_bytes(b"not an image")
    assert shell(code_of(page, "curl"), tmp_path).returncode != 0


def test_code_of_a_rating_generates_the_image_first(visit, tmp_path):
    page = visit("sample")
    save_images(page, "shapes@1", 1)
    page.get_by_role("link", name="Discriminate").click()
    page.get_by_role("button", name=re.compile("^Rate ")).click()
    text = page.get_by_text(re.compile("^Score ")).inner_text()
    (rating,) = responses_of_curl(code_of(page, "curl"), tmp_path)
    assert f"Score {rating['score']:.2f}, by" in text
    assert np.array_equal(read(tmp_path, "image.png"), levels(page.get_by_role("img", name="The rated image")))


def test_code_of_a_guess_generates_and_rates_both(visit, tmp_path):
    page = visit("discriminate")
    choose_model(page, "shapes@1")
    page.get_by_role("button", name="Start").click()
    page.locator(".pair .image").first.click()
    chances = [100 * each["probability"] for each in responses_of_curl(code_of(page, "curl"), tmp_path)]
    text = f"left {chances[0]:.1f} %, right {chances[1]:.1f} %"
    expect(page.locator(".guess [role=status]").first).to_contain_text(text)
    for image, name in zip(page.locator(".pair img").all(), ("left.png", "right.png"), strict=True):
        assert np.array_equal(read(tmp_path, name), levels(image))


def test_code_of_four_random_images_generates_them(visit, tmp_path):
    page = visit()
    page.locator(".cards").wait_for()
    for index, view in enumerate(("interpolate", "arithmetic", "discriminate")):
        page.evaluate("view => { location.hash = view; }", view)
        page.locator(f".view.{view}").wait_for()
        with page.expect_response("**/sample?*"):
            page.get_by_role("button", name="Save four random images").click()
        expect(page.locator(".thumbnails img")).to_have_count(4 * index + 4)
        expect(page.locator(".code code")).to_contain_text("/sample?")
        assert ("/interpolate" in code_of(page, "curl")) == (view == "interpolate")
        responses_of_curl(code_of(page, "curl"), tmp_path)
        four = [levels(image) for image in page.locator(".thumbnails img").all()[-4:]]
        rows = [np.hstack(four[:2]), np.hstack(four[2:])]
        assert np.array_equal(read(tmp_path, "images.png"), np.vstack(rows))


def test_code_of_a_second_upload_encodes_and_moves_it(visit, tmp_path):
    page = visit("encode")
    choose_file(page)
    image_sources(page.locator(".comparison"), 1)
    page.get_by_role("slider", name="smile").fill("2")
    expect(page.locator(".code code")).to_contain_text("directions")
    other = builders.image_file(30, 30, seed=1)
    (tmp_path / "other.png").write_bytes(other)
    before = page.locator(".comparison .image img").get_attribute("src")
    with page.expect_response("**/arithmetic*"):
        choose_file(page, name="other.png", buffer=other)
    expect(page.locator(".comparison .image img")).not_to_have_attribute("src", before)
    (encoded,) = responses_of_curl(code_of(page, "curl"), tmp_path)
    assert encoded["latent"]["token"] in code_of(page, "curl")
    assert np.array_equal(read(tmp_path, "reconstruction.png"), levels(page.locator(".comparison .image img")))


def test_code_is_copied(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Python").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".code code").inner_text()
