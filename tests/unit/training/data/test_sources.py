import zipfile

import pytest

from tests import builders
from training.data import DataError, open_source
from training.data.sources import folders, members

NAMES = ("b/2.png", "a/1.png", "top.PNG", "c/d/e/4.jpeg")


@pytest.fixture(params=["folder", "zip", "folder with a zip"])
def path(request, tmp_path):
    folder = builders.write_images(tmp_path / "data", *NAMES)
    (folder / "notes.txt").write_text("no image")
    if request.param == "folder":
        return folder
    (tmp_path / "zips").mkdir()
    packed = builders.write_zip(tmp_path / "zips" / "data.zip", folder)
    return packed if request.param == "zip" else packed.parent


def test_a_folder_and_a_zip_of_it_hold_the_same(path):
    source = open_source(path)
    assert source.images == ("a/1.png", "b/2.png", "c/d/e/4.jpeg", "top.PNG")
    assert source.read("a/1.png") == builders.image_file(seed=1)
    assert source.read(source.named("notes.txt")) == b"no image"
    assert source.named("absent") is None


def test_files_that_systems_leave_behind_are_no_images(tmp_path):
    builders.write_images(tmp_path, "a.png", ".hidden.png", "__MACOSX/a.png", ".cache/b.png")
    assert open_source(tmp_path).images == ("a.png",)


def test_images_beside_a_zip_are_taken_before_it(tmp_path):
    folder = builders.write_images(tmp_path / "data", "a.png")
    builders.write_zip(folder / "other.zip", builders.write_images(tmp_path / "other", "b.png"))
    assert open_source(folder).images == ("a.png",)


def test_one_of_several_zips_has_to_be_named(tmp_path):
    folder = builders.write_images(tmp_path / "data", "a.png")
    (tmp_path / "zips").mkdir()
    for name in ("b.zip", "a.zip"):
        builders.write_zip(tmp_path / "zips" / name, folder)
    with pytest.raises(DataError, match=r"holds no image, but 2 zips: name one of them, as .*a\.zip"):
        open_source(tmp_path / "zips")
    assert open_source(tmp_path / "zips" / "b.zip").images == ("a.png",)


def test_what_is_neither_folder_nor_zip_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"absent is no folder and no zip"):
        open_source(tmp_path / "absent")
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"broken\.zip cannot be read as a zip"):
        open_source(tmp_path / "broken.zip")


@pytest.mark.parametrize("reason", ["CRC", "invalid"], ids=["stored", "packed"])
def test_a_damaged_member_is_an_error_of_its_own(tmp_path, reason):
    path = tmp_path / "data.zip"
    packing = zipfile.ZIP_STORED if reason == "CRC" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w", packing) as archive:
        archive.writestr("a.png", bytes(range(256)) * 40)
        archive.writestr("b.png", b"whole")
    raw = bytearray(path.read_bytes())
    raw[40:60] = b"\xff" * 20  # right after the first header
    path.write_bytes(raw)
    source = open_source(path)
    assert source.read("b.png") == b"whole"
    with pytest.raises(OSError, match=reason):
        source.read("a.png")


def test_a_file_too_large_for_an_image_is_not_read(tmp_path):
    folder = builders.write_images(tmp_path / "data", "a.png")
    for path in (folder, builders.write_zip(tmp_path / "data.zip", folder)):
        with pytest.raises(ValueError, match="too large for an image"):
            open_source(path, max_bytes=10).read("a.png")


@pytest.mark.parametrize("prefix", ["", "set/"])
def test_a_part_is_found_at_the_top_or_one_folder_deep(tmp_path, prefix):
    builders.write_images(tmp_path, *(prefix + name for name in ("trainA/1.png", "trainA/x/2.png", "train/3.png")))
    found = members(open_source(tmp_path), "trainA")
    assert found == (prefix[:-1], (f"{prefix}trainA/1.png", f"{prefix}trainA/x/2.png"))


def test_a_part_too_deep_or_absent_is_not_found(tmp_path):
    source = open_source(builders.write_images(tmp_path, "a/b/train/1.png", "retrain/2.png", "train.png"))
    assert members(source, "train") is None


def test_the_part_nearest_the_top_is_taken(tmp_path):
    source = open_source(builders.write_images(tmp_path, "a/train/1.png", "train/2.png"))
    assert members(source, "train") == ("", ("train/2.png",))


def test_what_a_source_holds_is_said_in_words(tmp_path):
    assert folders(open_source(tmp_path)).startswith("no image (.jpg, ")
    builders.write_images(tmp_path, "top.png", "a/b/c.png")
    assert folders(open_source(tmp_path)) == "images in the top folder, a/b/"


def test_names_that_a_zip_holds_twice_count_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("a.png", builders.image_file())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.png", builders.image_file())
    assert open_source(tmp_path / "twice.zip").images == ("a.png",)
