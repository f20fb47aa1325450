import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from service.imaging import png

sides = st.integers(1, 40)


def opened(raw):
    image = Image.open(io.BytesIO(raw))
    image.load()  # checks every chunk's CRC
    return image


@settings(deadline=None, max_examples=60)
@given(st.tuples(sides, sides, st.sampled_from([1, 3, 4])).flatmap(lambda shape: arrays(np.uint8, shape)))
def test_every_image_comes_back_exactly(pixels):
    image = opened(png.encode(pixels, {}))
    assert image.mode == {1: "L", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_texts_are_read_by_keyword():
    texts = {"Software": "Ganvas", "Description": '{"model": "é"}'}
    assert opened(png.encode(np.zeros((2, 2, 3), np.uint8), texts)).info == texts


def test_a_text_outside_of_its_character_set_is_refused():
    with pytest.raises(UnicodeEncodeError):
        png.encode(np.zeros((2, 2, 3), np.uint8), {"Description": "Ω"})


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_even_ground_is_compressed(channels):
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 256, axis=0).repeat(channels, axis=2)
    assert len(png.encode(ramp, {})) < ramp.size / 50
