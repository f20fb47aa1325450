import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests import builders
from training.data.decoding import DecodingError, decode, square

RED, WHITE = (255, 0, 0), (255, 255, 255)
ORIENTATION = 0x0112


def saved(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def shown(raw):
    return np.asarray(decode(raw).image).astype(int)


@pytest.mark.parametrize(
    ("mode", "form", "tolerance"),
    [
        ("RGB", "PNG", 0),
        ("RGB", "JPEG", 48),
        ("RGB", "WEBP", 60),
        ("RGB", "BMP", 0),
        ("RGB", "TIFF", 0),
        ("RGB", "PPM", 0),
        ("CMYK", "JPEG", 48),
        ("CMYK", "TIFF", 0),
        ("YCbCr", "TIFF", 4),
        ("RGBA", "PNG", 0),
        ("P", "PNG", 80),
        ("P", "GIF", 80),
    ],
)
def test_an_image_looks_the_same_in_every_mode_and_format(mode, form, tolerance):
    image = decode(builders.image_file(mode=mode, form=form)).image
    assert (image.mode, image.size) == ("RGB", (20, 16))
    differences = np.abs(np.asarray(image).astype(int) - shown(builders.image_file()))
    assert differences.max() <= tolerance


@pytest.mark.parametrize("mode", ["L", "I;16", "1", "LA"])
def test_grey_images_become_rgb(mode):
    pixels = shown(builders.image_file(mode=mode))
    assert pixels.shape == (16, 20, 3)
    assert (pixels == pixels[:, :, :1]).all()


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_and_not_clipped(form):
    levels = np.array([[0, 257, 32_896, 65_535]], np.uint16)
    assert shown(saved(Image.fromarray(levels), form))[0, :, 0].tolist() == [0, 1, 128, 255]


def test_what_has_no_known_range_is_refused():
    floats = Image.fromarray(np.ones((4, 4), np.float32))
    with pytest.raises(DecodingError, match="floating-point"):
        decode(saved(floats, "TIFF"))
    with pytest.raises(DecodingError, match="more than 16 bits"):
        decode(saved(Image.fromarray(np.full((4, 4), 70_000, np.int32)), "TIFF"))


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (2, 1), (0, 0, 0, 0)),
        Image.new("LA", (2, 1), (0, 0)),
        Image.new("RGBA", (2, 1), (0, 0, 0, 0)).quantize(),
    ],
    ids=["RGBA", "LA", "palette"],
)
def test_what_is_transparent_is_white(image):
    assert (shown(saved(image)) == 255).all()


def test_a_colour_that_counts_as_transparent_is_white():
    image = Image.new("RGB", (2, 1), RED)
    image.putpixel((1, 0), (0, 0, 255))
    assert shown(saved(image, transparency=RED)).tolist() == [[list(WHITE), [0, 0, 255]]]


def test_half_transparent_colours_are_mixed_with_white():
    assert shown(saved(Image.new("RGBA", (1, 1), (200, 0, 0, 128)))).ravel().tolist() == [227, 127, 127]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotated_photo_stands_upright(orientation):
    upright = Image.new("RGB", (40, 24), WHITE)
    upright.paste(RED, (0, 0, 20, 12))
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = upright.transpose(turn[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    assert np.array_equal(shown(saved(lying, exif=exif)), np.asarray(upright))


def test_damaged_exif_data_are_left_aside():
    assert np.array_equal(shown(saved(Image.new("RGB", (2, 2), RED), exif=b"Exif\0\0MM\0*broken")), [[RED] * 2] * 2)


@pytest.mark.parametrize("alpha", [False, True])
def test_a_colour_profile_is_applied(alpha):
    profile = ImageCms.createProfile("sRGB")
    plain = Image.new("RGBA" if alpha else "RGB", (2, 2), (90, 120, 200, 255) if alpha else (90, 120, 200))
    tagged = saved(plain, icc_profile=ImageCms.ImageCmsProfile(profile).tobytes())
    assert np.abs(shown(tagged) - shown(saved(plain))).max() <= 1
    swapped = ImageCms.ImageCmsProfile(profile).tobytes().replace(b"rXYZ", b"tmp_").replace(b"bXYZ", b"rXYZ")
    pixels = shown(saved(plain, icc_profile=swapped.replace(b"tmp_", b"bXYZ")))
    assert pixels[0, 0, 0] > pixels[0, 0, 2]  # the profile says that red and blue changed places


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_profile_that_cannot_be_used_is_left_aside(mode):
    plain = Image.new("RGB", (2, 2), (90, 90, 90)).convert(mode)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"nothing", lab):
        assert np.array_equal(shown(saved(plain, "TIFF", icc_profile=profile)), shown(saved(plain, "TIFF")))


def test_a_decompression_bomb_is_refused_by_its_header():
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    bomb += struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    with pytest.raises((DecodingError, Image.DecompressionBombError)):
        decode(bomb)


def test_too_many_pixels_are_refused():
    with pytest.raises(DecodingError, match="20 x 16 px are too many"):
        decode(builders.image_file(), max_pixels=319)


def test_a_large_jpeg_is_decoded_smaller_and_looks_the_same():
    raw = builders.image_file(320, 160, form="JPEG", quality=95)
    small, whole = decode(raw, 20), decode(raw)
    assert (small.image.size, small.shrunk) == ((80, 40), 4)
    assert (whole.image.size, whole.shrunk) == ((320, 160), 1)
    squares = [square(part.image, 20).astype(int) for part in (small, whole)]
    assert np.abs(squares[0] - squares[1]).max() <= 6


def test_a_square_is_the_middle_and_as_high_as_the_short_side():
    image = Image.new("RGB", (40, 20), WHITE)
    image.paste(RED, (8, 0, 32, 20))
    assert (square(image, 20) == RED).all()
    assert (square(image.rotate(90, expand=True), 10) == RED).all()
    assert square(image, 64).shape == (64, 64, 3)


def test_scaling_down_looks_at_every_pixel():
    board = Image.fromarray(np.indices((64, 64)).sum(0).astype(np.uint8) % 2 * 255).convert("RGB")
    assert np.abs(square(board, 8)[1:-1, 1:-1].astype(int) - 128).max() <= 1
