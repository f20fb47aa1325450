import zipfile

import pytest

from tests import builders
from tests.unit.service.batch.conftest import held


@pytest.fixture
def images(tmp_path):
    """Images of several sizes, kinds and folders."""
    folder = tmp_path / "in"
    builders.write_images(folder, "a.png", "b/c.png", "b/d.png")
    builders.write_images(folder, "large.png", width=150, height=90)
    (folder / "alpha.png").write_bytes(builders.image_file(mode="RGBA", seed=8))
    (folder / "photo.jpg").write_bytes(builders.image_file(31, 18, form="JPEG", seed=9))
    (folder / ".hidden").write_bytes(b"hidden")
    return folder


NAMES = {
    "a.png": "a.png", "alpha.png": "alpha.png", "b/c.png": "b/c.png", "b/d.png": "b/d.png", "large.png": "large.png",
    "photo.jpg": "photo.png",
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("out", ["out", "out.zip"])
@pytest.mark.parametrize("model", ["darker", "blocky", "stylish"])
def test_each_file_has_the_bytes_that_the_api_gives(client, run, tmp_path, images, packed, out, model):
    source = builders.write_zip(tmp_path / "in.zip", images) if packed else images
    code, output, _ = run("translate", model, source, tmp_path / out)
    assert code == 0
    assert "6 images written" in output
    files = held(tmp_path / out)
    assert sorted(files) == sorted(NAMES.values())
    for name, new in NAMES.items():
        answer = client.post(f"/v1/models/{model}/translate", content=(images / name).read_bytes())
        assert files[new] == answer.content


def test_tiles_fit_and_format_are_those_of_the_api(serve, models, run, tmp_path, images, monkeypatch):
    monkeypatch.setenv("GANVAS_TILE_PX", "64")
    with serve(models) as client:
        for options, query in ((["--fit", "resize"], "fit=resize"), (["--format", "jpeg"], "format=jpeg")):
            out = tmp_path / query
            assert run("translate", "stylish", images, out, *options)[0] == 0
            answer = client.post(f"/v1/models/stylish/translate?{query}", content=(images / "large.png").read_bytes())
            assert held(out)["large.jpg" if "jpeg" in query else "large.png"] == answer.content


@pytest.mark.parametrize("packed", [False, True])
def test_bad_files_are_named_and_passed_over(run, tmp_path, images, packed, monkeypatch):
    monkeypatch.setenv("GANVAS_MAX_IMAGE_PIXELS", "10000")
    (images / "notes.txt").write_text("no image")
    (images / "half.png").write_bytes((images / "a.png").read_bytes()[:200])
    (images / "empty.jpg").write_bytes(b"")
    source = builders.write_zip(tmp_path / "in.zip", images) if packed else images
    code, output, error = run("translate", "darker", source, tmp_path / "out")
    assert code == 1
    assert "5 images written" in output
    assert "4 bad files were skipped" in output
    lines = [line.strip() for line in error.splitlines()]
    assert sorted(line for line in lines if line and "img/s" not in line) == [
        "skipped empty.jpg: the body is not an image that can be read: send a whole PNG, JPEG or WebP file",
        "skipped half.png: the body is not an image that can be read: send a whole PNG, JPEG or WebP file",
        "skipped large.png: the image has more than 10000 pixels",
        "skipped notes.txt: the body is not an image that can be read: send a whole PNG, JPEG or WebP file",
    ]
    (images / "half.png").write_bytes(builders.image_file(seed=5))
    for name in ("notes.txt", "empty.jpg", "large.png"):
        (images / name).unlink()
    if not packed:
        code, output, _ = run("translate", "darker", images, tmp_path / "out")
        assert (code, output.split(" ")[0]) == (0, "1")


def test_a_zip_s_names_lead_nowhere_else(run, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in ("../up.png", "/etc/root.png", "x\\y.png", "good.png", "__MACOSX/good.png", ".hid/a.png"):
            archive.writestr(name, builders.image_file())
    code, _, error = run("translate", "darker", tmp_path / "in.zip", tmp_path / "deep" / "out")
    assert sorted(held(tmp_path / "deep" / "out")) == ["good.png"]
    assert code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "in.zip"]
    assert "its name leads out of the zip" in error


def test_a_damaged_entry_is_a_bad_file(run, tmp_path, images):
    target = builders.write_zip(tmp_path / "in.zip", images)
    raw = bytearray(target.read_bytes())
    with zipfile.ZipFile(target) as archive:
        entry = archive.getinfo("b/c.png")
    raw[entry.header_offset + 30 + len("b/c.png") + 60] ^= 255
    target.write_bytes(raw)
    code, _, error = run("translate", "darker", target, tmp_path / "out")
    assert code == 1
    assert "skipped b/c.png: it cannot be read from the zip: Bad CRC-32" in error
    assert len(held(tmp_path / "out")) == 5


def test_names_that_would_meet_keep_their_suffix(run, tmp_path):
    builders.write_images(tmp_path / "in", "a.png", "a.jpg", "b.png")
    assert run("translate", "darker", tmp_path / "in", tmp_path / "out.zip")[0] == 0
    assert sorted(held(tmp_path / "out.zip")) == ["a.jpg.png", "a.png.png", "b.png"]


def test_what_is_there_is_not_translated_again(run, tmp_path, images):
    assert run("translate", "darker", images, tmp_path / "out.zip")[0] == 0
    builders.write_images(images, "new.png")
    code, output, _ = run("translate", "darker", images, tmp_path / "out.zip")
    assert code == 0
    assert "1 images written" in output
    assert "6 existed already" in output
    code, _, error = run("translate", "lighter", images, tmp_path / "out.zip")
    assert code == 2
    assert 'started with model "darker@1"' in error


def test_images_larger_than_the_room_go_one_by_one(run, tmp_path, images, monkeypatch):
    monkeypatch.setenv("GANVAS_MAX_HELD_PIXELS", "1")
    assert run("translate", "darker", images, tmp_path / "out")[0] == 0
    assert len(held(tmp_path / "out")) == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tiny", "IN", "OUT"], "tiny@1 generates from seeds"),
        (["darker", "nowhere", "OUT"], "there is no folder or zip nowhere"),
        (["darker", "IN/a.png", "OUT"], "is not a zip; give a folder or a zip"),
        (["darker", "IN", "IN"], "lies in"),
        (["darker", "IN", "IN/out.zip"], "lies in"),
        (["darker", "EMPTY", "OUT"], "holds no files"),
    ],
)
def test_bad_input_is_one_clear_sentence(run, tmp_path, images, words, message):
    (tmp_path / "empty").mkdir()
    places = {"IN": str(images), "OUT": str(tmp_path / "out"), "EMPTY": str(tmp_path / "empty")}
    for name, path in places.items():
        words = [word.replace(name, path) for word in words]
    code, out, error = run("translate", *words)
    assert (code, out) == (2, "")
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()
