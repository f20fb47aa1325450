"""Translation over HTTP: any size and kind of image in, its translation of the same size out."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from service.imaging.pixels import to_float32, to_uint8
from service.inference.session import Session
from service.pipelines import tiling
from tests import builders
from tests.api.translating import CALL, assert_near, darker, noise, saved, translate
from tests.conftest import assert_problem


def test_an_image_comes_back_translated_at_its_size(client):
    pixels = noise(30, 41)
    response = translate(client, saved(pixels))
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-model"] == "darker@1"
    assert "x-seed" not in response.headers
    assert_near(builders.pixels(response.content), darker(pixels))


def test_every_phase_is_in_server_timing(client):
    parts = translate(client, builders.image_file()).headers["server-timing"].split(", ")
    assert {part.split(";")[0] for part in parts} == {"decode", "queue", "infer", "encode", "total"}


@pytest.mark.parametrize("model", ["blocky", "stylish"])
@pytest.mark.parametrize("size", [(1, 1), (1, 37), (37, 1), (2, 3), (4, 4), (15, 16), (17, 33), (64, 50)])
def test_any_size_is_reflected_to_the_multiple_and_cropped_back(client, models, model, size):
    pixels = noise(*size)
    found = builders.pixels(translate(client, saved(pixels), model).content)
    sides = [max(16, -(-side // 4) * 4) for side in size]
    if model == "stylish":
        sides = [max(16, side) for side in size]
    padded = tiling.pad(to_float32(pixels[None])[0], *sides)
    network = Session((models / model / "1" / "generator.onnx").read_bytes(), 1)
    expected = to_uint8(network.run({"images": padded[None]}))[0, : size[0], : size[1]]
    assert_near(found, expected)


def test_raw_and_multipart_are_the_same_and_the_bytes_decide(client):
    raw = builders.image_file()
    expected = translate(client, raw).content
    assert client.post(CALL, files={"image": ("x.svg", raw, "image/svg+xml")}).content == expected
    assert translate(client, raw, **{"Content-Type": "text/plain"}).content == expected


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_png_jpeg_and_webp_are_read(client, form):
    options = {"quality": 95} if form != "PNG" else {}
    raw = builders.image_file(form=form, **options)
    found = builders.pixels(translate(client, raw).content)
    with Image.open(io.BytesIO(raw)) as image:
        assert_near(found, darker(np.asarray(image.convert("RGB"))))


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_formats_are_refused(client, form):
    assert_problem(translate(client, builders.image_file(form=form)), 415, "not-an-image")


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_translated(client, form):
    first, second = noise(20, 20, seed=1), noise(20, 20, seed=2)
    options = {"lossless": True} if form == "WEBP" else {}
    raw = saved(Image.fromarray(first), form, save_all=True, append_images=[Image.fromarray(second)], **options)
    assert_near(builders.pixels(translate(client, raw).content), darker(first))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16", "1", "RGBA"])
def test_every_kind_of_png_is_read_right(client, mode):
    raw = builders.image_file(mode=mode)
    with Image.open(io.BytesIO(raw)) as image:
        if mode == "I;16":
            grey = np.rint(np.asarray(image) / 257.0).astype(np.uint8)
            expected = np.stack([grey] * 3, axis=2)
        else:
            expected = np.asarray(image.convert("RGBA" if "A" in mode else "RGB"))
    found = builders.pixels(translate(client, raw).content)
    assert_near(found[..., :3], darker(expected))
    assert (found.shape[2] == 4) == ("A" in mode)


def test_a_cmyk_jpeg_is_read_as_colours(client):
    raw = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    red = np.full((16, 16, 3), (255, 0, 0), np.uint8)
    assert_near(builders.pixels(translate(client, raw).content), darker(red), levels=4)


def test_alpha_is_translated_on_its_colour_and_put_back(client):
    pixels = noise(20, 24, 4)
    found = builders.pixels(translate(client, saved(pixels)).content)
    np.testing.assert_array_equal(found[..., 3], pixels[..., 3])
    assert_near(found[..., :3], darker(pixels))


def test_a_palette_s_transparency_is_put_back(client):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8), "P")
    image.putpalette([value for level in range(64) for value in (level * 4, 0, 255 - level)])
    found = builders.pixels(translate(client, saved(image, transparency=5)).content)
    assert found.shape == (8, 8, 4)
    assert (found[..., 3] == 0).sum() == 1


def test_a_jpeg_response_lays_alpha_on_white(client):
    pixels = noise(16, 16, 4)
    pixels[..., 3] = 0
    found = builders.pixels(translate(client, saved(pixels), query="?format=jpeg").content)
    assert found.min() > 250


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(client, orientation):
    pixels = noise(10, 20)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(pixels)
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }  # fmt: skip
    expected = np.asarray(image.transpose(turns[orientation]) if orientation > 1 else image)
    response = translate(client, saved(image, exif=exif))
    assert_near(builders.pixels(response.content), darker(expected))


def test_an_icc_profile_is_converted_to_srgb(client):
    pixels = noise(16, 16)
    plain = builders.pixels(translate(client, saved(pixels)).content)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_near(builders.pixels(translate(client, saved(pixels, icc_profile=srgb)).content), plain)
    broken = translate(client, saved(pixels, icc_profile=b"not a profile" * 10))
    assert_near(builders.pixels(broken.content), plain)


def test_a_client_s_metadata_never_comes_back_out(client):
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    exif[0x8298] = "SECRET-OWNER"
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for form, extra in (("JPEG", {"comment": "SECRET-COMMENT"}), ("PNG", {}), ("WEBP", {"xmp": b"<x>SECRET</x>"})):
        raw = saved(noise(16, 16), form, exif=exif, icc_profile=srgb, **extra)
        assert b"SECRET" in raw
        for answer_form in ("png", "jpeg", "webp", "zip", "json"):
            response = translate(client, raw, query=f"?format={answer_form}").content
            assert b"SECRET" not in response
            assert b"acsp" not in response  # the signature of every ICC profile


def test_resize_goes_by_the_training_size(client, models):
    pixels = noise(40, 80)
    found = builders.pixels(translate(client, saved(pixels), "stylish", "?fit=resize").content)
    small = tiling.resample(to_float32(pixels[None])[0], 32, 32)
    network = Session((models / "stylish/1/generator.onnx").read_bytes(), 1)
    generated = network.run({"images": np.clip(small, -1, 1)[None]})[0]
    assert_near(found, to_uint8(tiling.resample(generated, 40, 80)[None])[0])


def test_a_cycle_reports_the_mean_absolute_error_of_the_way_back(client):
    pixels = noise(20, 20)
    response = translate(client, saved(pixels), query="?cycle=true")
    assert response.content == translate(client, saved(pixels)).content
    assert float(response.headers["x-cycle-error"]) < 0.05
    assert "x-cycle-error" not in translate(client, saved(pixels)).headers


def test_a_cycle_error_is_the_mean_absolute_error(tmp_path, serve):
    builders.write_translator(tmp_path, "there", builders.affine_graph(1.0, 0.0), inverse="back")
    builders.write_translator(tmp_path, "back", builders.affine_graph(1.0, 20 / 127.5), inverse="there")
    with serve(tmp_path) as client:
        files = [("image", saved(np.full((9, 9, 3), level, np.uint8))) for level in (100, 250)]
        response = client.post("/v1/models/there/translate?cycle=true", files=files)
    assert [float(error) for error in response.headers["x-cycle-error"].split(",")] == [20.0, 5.0]


@pytest.mark.parametrize("model", ["blocky", "stylish"])
def test_a_cycle_without_a_served_inverse_is_409(client, model):
    assert_problem(translate(client, builders.image_file(), model, "?cycle=true"), 409, "not-supported")


@pytest.mark.parametrize(
    "query", ["fit=crop", "cycle=1", "cycle=True", "cycle=", "columns=0", "columns=2", "n=1", "format=bmp"]
)
def test_a_bad_query_is_refused(client, query):
    assert_problem(translate(client, builders.image_file(), query=f"?{query}"), 422)


@pytest.mark.parametrize("form", ["gif", "apng"])
def test_translations_do_not_animate(client, form):
    assert_problem(translate(client, builders.image_file(), query=f"?format={form}"), 406)


def test_a_generator_does_not_translate_and_a_translator_does_not_generate(client):
    assert_problem(translate(client, builders.image_file(), "tiny"), 409, "not-supported")
    assert_problem(client.get("/v1/models/darker/sample?seed=1"), 409, "not-supported")
    assert_problem(client.post("/v1/models/darker/discriminate", content=builders.image_file()), 409)
    assert_problem(translate(client, builders.image_file(), "nobody"), 404)
