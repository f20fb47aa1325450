import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.errors import NotFinite
from service.imaging.pixels import fit, square_columns, to_float32, to_uint8
from service.imaging.pixels import grid as image_grid

quick = settings(deadline=None, max_examples=60)


def stripes(height=8, width=10, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def test_every_level_comes_back_from_float32():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_uint8(to_float32(levels)), levels)


@quick
@given(arrays(np.float32, (2, 3, 4, 5), elements=st.floats(-4, 4, width=32)))
def test_uint8_is_clip_of_rint_of_x_plus_one_times_127_5(floats):
    expected = np.clip(np.rint((floats + np.float32(1)) * np.float32(127.5)), 0, 255).astype(np.uint8)
    np.testing.assert_array_equal(to_uint8(floats), expected.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("value", "level"), [(-1, 0), (1, 255), (0, 128), (-5, 0), (5, 255), (-1 + 1 / 255, 0), (3.4e38, 255)]
)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_levels_are_rounded_and_clipped(value, level):
    assert to_uint8(np.full((1, 1, 1, 1), value, np.float32)).item() == level


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_image(value):
    with pytest.raises(NotFinite):
        to_uint8(np.full((1, 1, 2, 2), value, np.float32))


@quick
@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3]))
def test_every_cell_of_a_grid_is_an_image_and_the_rest_black(count, columns, channels):
    pixels = np.random.default_rng(count).integers(1, 256, (count, 3, 2, channels), dtype=np.uint8)
    grid = image_grid(pixels, columns)
    rows = -(-count // columns)
    assert grid.shape == (rows * 3, columns * 2, channels)
    for index in range(rows * columns):
        top, left = 3 * (index // columns), 2 * (index % columns)
        cell = grid[top : top + 3, left : left + 2]
        np.testing.assert_array_equal(cell, pixels[index] if index < count else np.zeros_like(cell))


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (64, 8)])
def test_the_default_grid_is_about_square(count, columns):
    assert square_columns(count) == columns


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_fit_gives_the_model_s_size_from_any_size(size, channels):
    fitted = fit(stripes(*size), 12, 9, channels)
    assert fitted.shape == (12, 9, channels)
    assert fitted.dtype == np.uint8


def test_fit_cuts_out_the_middle():
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    assert fit(pixels, 10, 10, 3).min() == 255


def test_fit_leaves_an_image_of_the_right_size_alone():
    pixels = stripes(12, 12)
    np.testing.assert_array_equal(fit(pixels, 12, 12, 3), pixels)


def test_fit_lays_alpha_on_white():
    assert fit(np.zeros((5, 5, 4), np.uint8), 5, 5, 1).min() == 255
