"""The images of README and docs are small, and show what the calls above them return today."""

import shutil

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.conftest import listening
from tests.docs import images
from tests.docs.blocks import ROOT

_ILLUSTRATIONS = list(images.illustrations())
STALE = "run make images, and look at the result"


@pytest.fixture(scope="module")
def port():
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("curl or bash is not installed, which the calls need")
    with listening(ROOT / "models") as number:
        yield number


def frames(path):
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB"), np.float64) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize(
    "illustration", _ILLUSTRATIONS, ids=[illustration.path.name for illustration in _ILLUSTRATIONS]
)
def test_an_image_is_the_result_of_its_call(illustration, port, tmp_path):
    call = images.with_bundled(illustration.call)
    if call is None:
        assert illustration.path.exists(), (
            f"no bundled model supports the call of {illustration.path.name}: remove it from the page"
        )
        return
    images.render(illustration, call, port, tmp_path, tmp_path / "rendered.webp")
    stored, rendered = frames(illustration.path), frames(tmp_path / "rendered.webp")
    assert [frame.shape for frame in stored] == [frame.shape for frame in rendered], STALE
    # Another engine or codec causes small differences; another model or call causes large ones.
    assert np.mean([np.abs(one - other).mean() for one, other in zip(stored, rendered, strict=True)]) < 4, STALE


_CALL, _WALK = (
    "    curl 'localhost:8000/v1/models/mnist-gan/sample?seed={}' -o walk.png",
    "![A walk](images/walk.webp)",
)


def test_an_image_is_repeated_only_below_the_same_call(tmp_path):
    pages = [tmp_path / f"{number}.md" for number in range(3)]
    for page, seed in zip(pages, (1, 1, 2), strict=True):
        page.write_text(f"{_CALL.format(seed)}\n\n{_WALK}\n")
    (illustration,) = images.illustrations(pages[:2])
    assert illustration.path == images.FOLDER / "walk.webp"
    with pytest.raises(ValueError, match=r"2.md:3: another page generates walk\.webp by another call"):
        list(images.illustrations(pages))
    pages[1].write_text(f"{_WALK}\n")
    with pytest.raises(ValueError, match=r"1.md:1: no call above it writes walk"):
        list(images.illustrations(pages))


def test_images_are_few_and_small():
    stored = {*images.FOLDER.iterdir()}
    assert stored == {images.OVERVIEW, images.STRIP, *(illustration.path for illustration in _ILLUSTRATIONS)}, STALE
    assert all(path.stat().st_size <= images.MAX_BYTES for path in stored)


@pytest.mark.parametrize(
    ("render", "path"), [(images.render_overview, images.OVERVIEW), (images.render_strip, images.STRIP)]
)
def test_overview_and_strip_can_be_rendered(render, path, tmp_path):
    render(tmp_path / "rendered.webp")
    with Image.open(tmp_path / "rendered.webp") as rendered, Image.open(path) as stored:
        assert rendered.size == stored.size
