"""The same by code: the lines that a page shows, run, do what it did, with files that a person has."""

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
from tests.browser.pages import FILE, act, choose_file, choose_model, code_of, keep, levels, pictures, saved_by

SENT = "Save the picture that was sent"


def shell(lines, folder):
    return subprocess.run(["bash", "-c", lines], cwd=folder, check=False, capture_output=True, text=True, timeout=60)


def answers(lines, folder):
    """What the lines for curl print, one JSON answer after the other."""
    done = shell(lines, folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in re.sub(r"\}\s*\{", "}\n{", done.stdout).splitlines()]


def by_every_language(page, folder, output, sent=b""):
    """The picture that the lines make, which is the same file in all three languages."""
    made = {}
    for language in ("curl", "Python"):
        lines = code_of(page, language)
        command = ["bash", "-c", lines] if language == "curl" else [sys.executable, "-c", lines]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
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
    """A picture that was saved, as (H, W, 3) uint8."""
    with Image.open(folder / name) as image:
        return np.asarray(image.convert("RGB"))


def test_the_lines_of_a_grid_and_of_a_walk_do_the_same(visit, tmp_path):
    page = visit("sample")
    keep(page, "shapes@1", 2)
    by_every_language(page, tmp_path, "pictures.png")
    grid, tiles = read(tmp_path, "pictures.png"), [levels(image) for image in page.locator(".grid img").all()]
    height, width, _ = tiles[0].shape
    for index, tile in enumerate(tiles):
        row, column = divmod(index, grid.shape[1] // width)
        top, left = row * height, column * width
        assert np.array_equal(grid[top : top + height, left : left + width], tile)
    act(page, "walk")
    assert by_every_language(page, tmp_path, "walk.gif") == saved_by(page, "Save")[1]


@pytest.mark.parametrize("kind", ["drawing", "large", "photo"])
def test_the_lines_of_a_translation_take_the_picture_that_was_sent(visit, tmp_path, kind):
    page = visit("translate")
    if kind == "drawing":
        act(page, "translate")
    else:
        choose_model(page, "facades@1")
        if kind == "large":
            choose_file(page, buffer=builders.image_file(700, 350))
        else:
            page.get_by_role("button", name="Use the camera").click()
            page.get_by_role("button", name="Take the picture").click()
    shown = levels(page.get_by_role("img", name="photo"))
    name, sent = saved_by(page, SENT)
    (tmp_path / name).write_bytes(sent)
    by_every_language(page, tmp_path, "translated.png", sent)
    assert np.array_equal(read(tmp_path, "translated.png"), shown)


def test_the_lines_of_a_file_that_is_sent_as_it_is_name_it(visit, tmp_path):
    page = visit("translate")
    choose_model(page, "dusk@1")
    page.get_by_label("and back to days").check()
    choose_file(page)
    (tmp_path / "me.png").write_bytes(FILE["buffer"])
    shown = [levels(page.get_by_role("img", name=name)) for name in ("nights", "days again")]
    expect(page.get_by_role("button", name=SENT)).to_be_hidden()
    by_every_language(page, tmp_path, "back.png", FILE["buffer"])
    assert np.array_equal(read(tmp_path, "translated.png"), shown[0])
    assert np.array_equal(read(tmp_path, "back.png"), shown[1])


def test_the_lines_for_curl_fail_where_the_service_refuses(visit, tmp_path):
    page = visit("translate")
    choose_file(page)
    page.locator(".divider").wait_for()
    (tmp_path / "me.png").write_bytes(b"no picture")
    assert shell(code_of(page, "curl"), tmp_path).returncode != 0


def test_the_lines_of_a_judged_picture_draw_it_first(visit, tmp_path):
    page = visit("sample")
    keep(page, "shapes@1", 1)
    page.get_by_role("link", name="Real or fake?").click()
    page.get_by_role("button", name=re.compile("^Judge ")).click()
    said = page.get_by_text(re.compile("^Score ")).inner_text()
    (judged,) = answers(code_of(page, "curl"), tmp_path)
    assert f"Score {judged['score']:.2f}, by" in said
    assert np.array_equal(read(tmp_path, "picture.png"), levels(page.get_by_role("img", name="The judged picture")))


def test_the_lines_of_a_guess_draw_and_judge_both(visit, tmp_path):
    page = visit("real-or-fake")
    choose_model(page, "shapes@1")
    page.get_by_role("button", name="Begin").click()
    page.locator(".pair .picture").first.click()
    chances = [100 * each["probability"] for each in answers(code_of(page, "curl"), tmp_path)]
    said = f"the left one {chances[0]:.1f} %, the right one {chances[1]:.1f} %"
    expect(page.locator(".guess [role=status]").first).to_contain_text(said)
    for image, name in zip(page.locator(".pair img").all(), ("left.png", "right.png"), strict=True):
        assert np.array_equal(read(tmp_path, name), levels(image))


def test_the_lines_of_four_kept_at_random_draw_them(visit, tmp_path):
    page = visit()
    page.locator(".cards").wait_for()
    for index, view in enumerate(("walk", "arithmetic", "real-or-fake")):
        page.evaluate("view => { location.hash = view; }", view)
        page.locator(f".view.{view}").wait_for()
        with page.expect_response("**/sample?*"):
            page.get_by_role("button", name="Keep four at random").click()
        expect(page.locator(".shelf img")).to_have_count(4 * index + 4)
        expect(page.locator(".code code")).to_contain_text("/sample?")
        assert ("/interpolate" in code_of(page, "curl")) == (view == "walk")
        answers(code_of(page, "curl"), tmp_path)
        four = [levels(image) for image in page.locator(".shelf img").all()[-4:]]
        rows = [np.hstack(four[:2]), np.hstack(four[2:])]
        assert np.array_equal(read(tmp_path, "pictures.png"), np.vstack(rows))


def test_the_lines_of_a_second_face_encode_it_and_move_it(visit, tmp_path):
    page = visit("encode")
    choose_file(page)
    pictures(page.locator(".sides"), 1)
    page.get_by_role("slider", name="smile").fill("2")
    expect(page.locator(".code code")).to_contain_text("directions")
    other = builders.image_file(30, 30, seed=1)
    (tmp_path / "other.png").write_bytes(other)
    before = page.locator(".sides .picture img").get_attribute("src")
    with page.expect_response("**/arithmetic*"):
        choose_file(page, name="other.png", buffer=other)
    expect(page.locator(".sides .picture img")).not_to_have_attribute("src", before)
    (encoded,) = answers(code_of(page, "curl"), tmp_path)
    assert encoded["latent"]["token"] in code_of(page, "curl")
    assert np.array_equal(read(tmp_path, "moved.png"), levels(page.locator(".sides .picture img")))


def test_the_lines_are_copied(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Python").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".code code").inner_text()
