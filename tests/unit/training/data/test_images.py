import io

import numpy as np
import pytest
from PIL import Image

from tests import builders
from training.data import DataError, images, open_source


def read(folder, side_px=16, **options):
    source = open_source(folder)
    return images.read(source, source.images, side_px, **options)


def write_pair(path, width=32, height=16):
    """Red beside blue."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def test_images_are_read_in_the_order_of_their_names(tmp_path):
    names = [f"{index:03}.png" for index in range(40)]
    squares = read(builders.write_images(tmp_path, *names))
    assert squares.names == tuple(names)
    assert squares.parts[0].shape == (40, 16, 16, 3)
    for index in (0, 17, 39):
        with Image.open(io.BytesIO(builders.image_file(seed=index))) as image:
            assert np.array_equal(squares.parts[0][index], np.asarray(image)[:, 2:-2])


def test_a_mix_of_sizes_and_modes_becomes_squares_in_rgb(tmp_path):
    for index, mode in enumerate(("L", "I;16", "RGBA", "P", "RGB", "1")):
        (tmp_path / f"{index}.png").write_bytes(builders.image_file(20 + 9 * index, 50 - 7 * index, mode))
    (tmp_path / "9.jpg").write_bytes(builders.image_file(30, 30, "CMYK", "JPEG"))
    squares = read(tmp_path)
    assert squares.parts[0].shape == (7, 16, 16, 3)
    assert squares.skipped == ()


def test_short_sides_are_those_of_the_files(tmp_path):
    for name, size in {"a": (8, 12), "b": (40, 20), "c": (400, 168)}.items():
        (tmp_path / f"{name}.jpg").write_bytes(builders.image_file(*size, form="JPEG"))
    assert read(tmp_path).sides_px == (8, 20, 168)


def test_files_that_cannot_be_read_are_named_and_left_out(tmp_path, capsys):
    builders.write_images(tmp_path, "a.png", "c.png", "e.png")
    (tmp_path / "b.jpg").write_bytes(builders.image_file(form="JPEG")[:-60])
    (tmp_path / "d.png").write_bytes(b"no image")
    squares = read(tmp_path)
    assert squares.names == ("a.png", "c.png", "e.png")
    assert squares.skipped == (("b.jpg", "truncated"), ("d.png", "not an image that can be read"))
    with Image.open(io.BytesIO(builders.image_file(seed=2))) as image:
        assert np.array_equal(squares.parts[0][2], np.asarray(image)[:, 2:-2])
    said = capsys.readouterr().err
    expected = "2 of 5 images could not be read and were left out: b.jpg (truncated), d.png (not an image that can"
    assert said.startswith(f"{tmp_path}: {expected}")
    assert said.count("\n") == 1


def test_only_the_first_of_many_broken_files_are_named(tmp_path, capsys):
    builders.write_images(tmp_path, "a.png")
    for index in range(9):
        (tmp_path / f"b{index}.png").write_bytes(b"")
    assert len(read(tmp_path).skipped) == 9
    said = capsys.readouterr().err
    assert said.endswith("b4.png (not an image that can be read), ...\n")


def test_nothing_but_broken_files_is_an_error(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"1 of 1 images could not be read, so that none is left: a\.png \(not a"):
        read(tmp_path)


def test_no_names_are_no_images(tmp_path):
    squares = images.read(open_source(tmp_path), (), 16)
    assert squares.parts[0].shape == (0, 16, 16, 3)


@pytest.mark.parametrize(("width", "height"), [(32, 16), (60, 40), (64, 16)])
def test_the_halves_of_a_pair_do_not_run_into_each_other(tmp_path, width, height):
    write_pair(tmp_path / "a.png", width, height)
    squares = read(tmp_path, 18, cut=images.halves, count=2)
    assert (squares.parts[0] == (255, 0, 0)).all()
    assert (squares.parts[1] == (0, 0, 255)).all()
    assert squares.sides_px == (min(width // 2, height),)


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [(16, 16, "16 x 16 px is no pair side by side"), (33, 16, "its width of 33 px has no two halves")],
)
def test_what_is_no_pair_is_left_out(tmp_path, width, height, reason):
    write_pair(tmp_path / "a.png")
    write_pair(tmp_path / "b.png", width, height)
    assert read(tmp_path, cut=images.halves, count=2).skipped == (("b.png", reason),)
