"""The pictures of README and docs are small, and show what the calls above them give today."""

import shutil

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.conftest import listening
from tests.docs import pictures
from tests.docs.blocks import ROOT

_SHOTS = list(pictures.shots())
STALE = "run make pictures, and look at what it draws"


@pytest.fixture(scope="module")
def port():
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("curl or bash is not installed, which the calls are written for")
    with listening(ROOT / "models") as number:
        yield number


def frames(path):
    with Image.open(path) as picture:
        return [np.asarray(frame.convert("RGB"), np.float64) for frame in ImageSequence.Iterator(picture)]


@pytest.mark.parametrize("shot", _SHOTS, ids=[shot.path.name for shot in _SHOTS])
def test_a_picture_is_what_its_call_gives(shot, port, tmp_path):
    call = pictures.with_bundled(shot.call)
    if call is None:
        assert shot.path.exists(), f"no bundled model answers the call of {shot.path.name}: leave it out of the page"
        return
    pictures.draw(shot, call, port, tmp_path, tmp_path / "drawn.webp")
    kept, drawn = frames(shot.path), frames(tmp_path / "drawn.webp")
    assert [frame.shape for frame in kept] == [frame.shape for frame in drawn], STALE
    # Another engine or codec differs by a little; another model, or another call, by much.
    assert np.mean([np.abs(one - other).mean() for one, other in zip(kept, drawn, strict=True)]) < 4, STALE


_CALL, _WALK = (
    "    curl 'localhost:8000/v1/models/mnist-gan/sample?seed={}' -o walk.png",
    "![A walk](pictures/walk.webp)",
)


def test_a_picture_is_shown_again_only_below_the_call_that_draws_it(tmp_path):
    pages = [tmp_path / f"{number}.md" for number in range(3)]
    for page, seed in zip(pages, (1, 1, 2), strict=True):
        page.write_text(f"{_CALL.format(seed)}\n\n{_WALK}\n")
    (shot,) = pictures.shots(pages[:2])
    assert shot.path == pictures.FOLDER / "walk.webp"
    with pytest.raises(ValueError, match=r"2.md:3: elsewhere another call draws walk\.webp"):
        list(pictures.shots(pages))
    pages[1].write_text(f"{_WALK}\n")
    with pytest.raises(ValueError, match=r"1.md:1: no call above it writes walk"):
        list(pictures.shots(pages))


def test_pictures_are_few_and_small():
    there = {*pictures.FOLDER.iterdir()}
    assert there == {pictures.OVERVIEW, pictures.STRIP, *(shot.path for shot in _SHOTS)}, STALE
    assert all(path.stat().st_size <= pictures.MOST_BYTES for path in there)


@pytest.mark.parametrize(
    ("draw", "shown"), [(pictures.draw_overview, pictures.OVERVIEW), (pictures.draw_strip, pictures.STRIP)]
)
def test_what_is_made_of_previews_can_be_drawn(draw, shown, tmp_path):
    draw(tmp_path / "drawn.webp")
    with Image.open(tmp_path / "drawn.webp") as drawn, Image.open(shown) as kept:
        assert drawn.size == kept.size
