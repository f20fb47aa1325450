import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from service.errors import NotAnImage, TooLarge
from service.imaging import codecs
from tests import builders

quick = settings(deadline=None, max_examples=60)
MILLION = 1_000_000


def stripes(height=8, width=10, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_is_exact(channels):
    pixels = stripes(channels=channels)
    np.testing.assert_array_equal(builders.pixels(codecs.encode(pixels, "png")).reshape(pixels.shape), pixels)


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_same_pixels_give_the_same_bytes(form, channels):
    pixels = stripes(64, 64, channels)
    assert codecs.encode(pixels, form) == codecs.encode(pixels.copy(), form)


def test_jpeg_lays_alpha_on_white():
    clear = np.zeros((16, 16, 4), np.uint8)
    assert builders.pixels(codecs.encode(clear, "jpeg")).min() >= 250


def test_a_side_beyond_the_format_is_too_large():
    with pytest.raises(TooLarge, match="png"):
        codecs.encode(np.zeros((1, 70_000, 1), np.uint8), "jpeg")
    with pytest.raises(TooLarge, match="png"):
        codecs.encode(np.zeros((17_000, 1, 3), np.uint8), "webp")


@pytest.mark.parametrize("form", ["gif", "apng", "webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_is_the_same_bytes_every_time(form, channels):
    frames = np.random.default_rng(0).integers(0, 256, (4, 8, 8, channels), dtype=np.uint8)
    assert codecs.animate(frames, form, 12, loop=True) == codecs.animate(frames, form, 12, loop=True)


# --- decoding


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_colours_survive_a_lossless_file(form):
    pixels = stripes(32, 32)
    np.testing.assert_array_equal(codecs.decode(saved(Image.fromarray(pixels), form, lossless=True), MILLION), pixels)


def test_grey_becomes_three_equal_channels():
    decoded = codecs.decode(builders.image_file(mode="L"), MILLION)
    assert decoded.shape == (16, 20, 3)
    assert (decoded == decoded[:, :, :1]).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_alpha_is_preserved(mode):
    image = Image.open(io.BytesIO(builders.image_file())).convert("RGBA")
    image.putalpha(77)
    image = image.quantize(16) if mode == "PA" else image.convert(mode)
    decoded = codecs.decode(saved(image), MILLION)
    assert decoded.shape == (16, 20, 4)
    assert (decoded[:, :, 3] == 77).all()


def test_a_transparent_colour_becomes_alpha():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "L")
    decoded = codecs.decode(saved(image, transparency=1), MILLION)
    assert decoded[0, :, 3].tolist() == [255, 0]


def test_16_bit_grey_preserves_its_shades():
    values = np.array([[0, 128, 257, 32_896, 65_535]], np.uint16)
    decoded = codecs.decode(saved(Image.fromarray(values)), MILLION)
    assert decoded[0, :, 0].tolist() == [0, 0, 1, 128, 255]


def test_cmyk_is_seen_in_colour():
    white = saved(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")
    assert codecs.decode(white, MILLION).min() >= 250


def test_a_colour_profile_is_converted_to_srgb():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = stripes()
    same = codecs.decode(saved(Image.fromarray(pixels), icc_profile=profile), MILLION)
    assert np.abs(same.astype(int) - pixels).max() <= 1


def test_more_pixels_than_allowed_are_refused():
    raw = builders.image_file(10, 10)
    assert codecs.decode(raw, 100).shape == (10, 10, 3)
    with pytest.raises(TooLarge):
        codecs.decode(raw, 99)


@quick
@given(st.binary(max_size=200))
def test_any_bytes_are_an_image_or_refused(raw):
    for head in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\xff\x00\x00\x00WEBPVP8 "):
        with pytest.raises((NotAnImage, TooLarge)):
            codecs.decode(head + raw, MILLION)


def test_codec_versions_name_every_codec():
    assert all(name in codecs.codec_versions() for name in ("pillow-", "isal-", "zlib-", "jpg-", "webp-"))
    assert "None" not in codecs.codec_versions()
