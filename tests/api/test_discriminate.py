"""Discrimination over HTTP: scores of images of any size, mode and format."""

import io
import math

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from service.imaging.pixels import to_float32
from service.inference.session import Session
from tests import builders
from tests.api.discriminating import CALL, SIZE, discriminate, png_header, saved
from tests.conftest import assert_problem


def test_the_score_is_the_discriminator_s_logit_and_its_sigmoid(client):
    raw = builders.image_file(*SIZE, mode="L")
    pixels = builders.pixels(raw)[None, :, :, None]
    (logit,) = Session(builders.discriminator_graph(), 1).run({"images": to_float32(pixels)})
    response = discriminate(client, raw)
    assert response.json() == {
        "model": "tiny@1",
        "score": pytest.approx(float(logit[0]), rel=1e-6),
        "probability": pytest.approx(1 / (1 + math.exp(-logit[0])), rel=1e-6),
    }


def test_a_critic_has_no_probability(client):
    response = discriminate(client, builders.image_file(), "critic").json()
    assert response["probability"] is None
    assert isinstance(response["score"], float)


def test_every_response_names_its_model_and_its_times(client):
    response = discriminate(client, builders.image_file())
    assert response.headers["x-model"] == "tiny@1"
    assert {part.split(";")[0] for part in response.headers["server-timing"].split(", ")} == {
        "decode", "queue", "infer", "total",
    }  # fmt: skip


def test_raw_and_multipart_are_the_same(client):
    raw = builders.image_file()
    multipart = client.post(CALL, files={"image": ("name.png", raw, "image/png")})
    assert multipart.json() == discriminate(client, raw).json()


@pytest.mark.parametrize(
    "kind", ["image/jpeg", "text/plain", "application/json", "application/x-www-form-urlencoded", ""]
)
def test_the_bytes_decide_not_the_content_type(client, kind):
    assert discriminate(client, builders.image_file(), **{"Content-Type": kind}).status_code == 200
    response = client.post(CALL, files={"image": ("x.svg", builders.image_file(), "image/svg+xml")})
    assert response.status_code == 200


def test_a_model_without_a_discriminator_cannot_discriminate(tmp_path, serve):
    builders.write_package(tmp_path, "blind", discriminator=None)
    with serve(tmp_path) as client:
        assert_problem(discriminate(client, builders.image_file(), "blind"), 409, "not-supported")


def test_a_conditional_discriminator_needs_the_class(client):
    raw = builders.image_file()
    assert_problem(discriminate(client, raw, "classes"), 422)
    scores = [
        discriminate(client, raw, "classes", f"?class={name}").json()["score"] for name in ("circle", "star", "2")
    ]
    assert scores[0] != scores[1] == scores[2]
    assert_problem(discriminate(client, raw, "classes", "?class=moon"), 422)
    assert_problem(discriminate(client, raw, "tiny", "?class=star"), 422)


@pytest.mark.parametrize("query", ["?unknown=1", "?format=png"])
def test_unknown_query_parameters_are_refused(client, query):
    assert_problem(discriminate(client, builders.image_file(), query=query), 422)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (13, 7), (300, 200)])
def test_images_of_any_size_are_scored(client, form, size):
    response = discriminate(client, builders.image_file(*size, form=form))
    assert response.status_code == 200
    assert math.isfinite(response.json()["score"])


@pytest.mark.parametrize("model", ["tiny", "colour"])
@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG"), ("CMYK", "JPEG"),
        ("L", "JPEG"), ("RGBA", "WEBP"),
    ],
)  # fmt: skip
def test_images_of_any_mode_are_scored(client, model, mode, form):
    assert discriminate(client, builders.image_file(mode=mode, form=form), model).status_code == 200


def test_a_palette_with_transparency_is_scored(client):
    assert discriminate(client, builders.image_file(mode="P", transparency=0), "colour").status_code == 200


def test_the_same_shades_score_the_same_in_16_bit_grey_and_in_8(client):
    grey = np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8)
    deep = saved(Image.fromarray(grey.astype(np.uint16) * 257))
    assert discriminate(client, deep).json() == discriminate(client, saved(Image.fromarray(grey))).json()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(client, orientation):
    upright = Image.fromarray(np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8))
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = upright.transpose(turns[orientation]) if orientation > 1 else upright
    expected = discriminate(client, saved(upright), "colour").json()["score"]
    assert discriminate(client, saved(turned, exif=exif), "colour").json()["score"] == expected


def test_a_corrupt_colour_profile_is_ignored(client):
    image = Image.open(io.BytesIO(builders.image_file(*SIZE)))
    broken = saved(image, icc_profile=b"\x00\x01 no profile \xff" * 20)
    assert discriminate(client, broken, "colour").json() == discriminate(client, saved(image), "colour").json()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow warns too
def test_a_corrupt_exif_block_is_ignored(client):
    assert (
        discriminate(client, builders.image_file(form="JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")).status_code
        == 200
    )


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_an_animation_of_a_thousand_frames_counts_as_its_first(client, form):
    first, *rest = (Image.new("RGB", SIZE, (index % 256, index // 256, 0)) for index in range(1000))
    raw = saved(first, form, save_all=True, append_images=rest, duration=20)
    expected = discriminate(client, saved(first), "colour").json()["score"]
    assert discriminate(client, raw, "colour").json()["score"] == pytest.approx(expected, abs=0.2)


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "ICO", "PDF", "EPS", "PPM", "TGA"])
def test_formats_that_are_not_on_the_list_are_refused(client, form):
    assert_problem(discriminate(client, builders.image_file(form=form)), 415, "not-an-image")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\x00", b"nonsense" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", b"8BPS\x00\x01",
        b"SIMPLE  =                    T", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
        b"RIFF\x10\0\0\0WEBP",
        b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", b"\x89PNG\r\n\x1a\n" + b"\xff" * 1000,
        b"GIF89a" + bytes(50),
    ],
)  # fmt: skip
def test_bytes_that_are_no_image_are_refused(client, raw):
    assert_problem(discriminate(client, raw), 415, "not-an-image")
    assert_problem(client.post(CALL, files={"image": raw}), 415, "not-an-image")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("tenth", range(10))
def test_a_truncated_image_is_refused(client, form, tenth):
    raw = builders.image_file(64, 64, form=form)
    assert_problem(discriminate(client, raw[: len(raw) * tenth // 10]), 415, "not-an-image")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_damaged_image_is_refused_or_scored_but_no_fault_of_ours(client, form):
    raw = builders.image_file(64, 64, form=form)
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(raw)
        for place in rng.integers(0, len(raw), 6):
            damaged[place] = rng.integers(0, 256)
        assert discriminate(client, bytes(damaged)).status_code in (200, 413, 415)


def test_an_image_with_something_behind_it_is_an_image(client):
    raw = builders.image_file()
    assert discriminate(client, raw + b"PK\x03\x04<script>" * 50).json() == discriminate(client, raw).json()


@pytest.mark.parametrize("size", [(30_000, 30_000), (4001, 4000), (2**31 - 1, 2**31 - 1), (65_535, 65_535)])
def test_a_pixel_bomb_is_refused_by_its_header(client, size):
    assert_problem(discriminate(client, png_header(*size)), 413, "too-large")


@pytest.mark.parametrize("kind", ["zTXt", "iTXt"])
def test_a_text_bomb_is_refused_or_left_alone(client, kind):
    notes = PngImagePlugin.PngInfo()
    text = "A" * 30_000_000
    notes.add_itxt("bomb", text, zip=True) if kind == "iTXt" else notes.add_text("bomb", text, zip=True)
    raw = saved(Image.new("L", SIZE), pnginfo=notes)
    assert len(raw) < 100_000
    assert discriminate(client, raw).status_code in (200, 415)
