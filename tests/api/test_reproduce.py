"""What files record about their origin, and how their images are generated again."""

import base64
import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from tests import builders
from tests.conftest import assert_problem

CALL = "/v1/reproduce"
INTERPOLATION = {"from": {"seed": 1}, "to": {"seed": 2}, "steps": 5, "fps": 10, "loop": True}


def metadata_of(raw: bytes) -> tuple[str, dict]:
    """Software and description of a file, by Pillow's own reading of the standard metadata."""
    with Image.open(io.BytesIO(raw)) as image:
        if image.format == "PNG":
            return image.text["Software"], json.loads(image.text["Description"])
        exif = image.getexif()
        return exif[0x0131], json.loads(exif[0x010E])


def frames(raw: bytes):
    with Image.open(io.BytesIO(raw)) as image:
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")))
        return found, image.info.get("loop"), image.info.get("duration")


def labelled(description: str) -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Description", description)
    buffer = io.BytesIO()
    Image.new("L", (4, 4)).save(buffer, "PNG", pnginfo=text)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_an_image_records_its_model_and_its_latent(client, form):
    digest = client.get("/v1/models/classes").json()["digest"]
    raw = client.get(f"/v1/models/classes/sample?seed=7&n=2&class=star&truncation=0.5&columns=1&format={form}").content
    software, origin = metadata_of(raw)
    assert software.startswith("Ganvas ")
    assert origin == {
        "model": digest,
        "latents": [{"seed": 7, "class": "star"}, {"seed": 8, "class": "star"}],
        "truncation": 0.5,
        "columns": 1,
    }


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("model", ["tiny", "colour", "classes"])
def test_a_file_handed_in_is_generated_again_pixel_by_pixel(client, model, form):
    raw = client.get(f"/v1/models/{model}/sample?seed=7&n=5&truncation=0.7&columns=3&format={form}").content
    response = client.post(CALL, content=raw)
    assert response.status_code == 200, response.text
    assert response.content == raw
    assert response.headers["x-model"] in (f"{model}@1", "critic@1")  # which has the same weights as tiny
    assert response.headers["x-seed"] == "7,8,9,10,11"


def test_an_image_of_any_call_is_generated_again(client):
    mean = {"mean": [{"seed": 1}, {"seed": 2, "class": "circle"}], "class": "star"}
    terms = {"terms": [{"latents": [{"seed": 1}]}, {"weight": -1, "latents": [{"seed": 2}]}], "class": {"star": 1.0}}
    for call, body in (
        ("sample", {"latents": [mean, {"vector": [0.1] * 8, "class": 1}, {"seed": 3}], "columns": 2}),
        ("sample", {"n": 3}),
        ("interpolate", {"from": {"seed": 1, "class": 0}, "to": {"seed": 2, "class": 2}, "columns": 3}),
        ("arithmetic", terms | {"variations": 3}),
    ):
        raw = client.post(f"/v1/models/classes/{call}", json=body).content
        assert client.post(CALL, files={"image": raw}).content == raw, call


@pytest.mark.parametrize("form", ["apng", "webp"])
def test_an_animation_is_generated_again_with_its_times(client, form):
    raw = client.post(f"/v1/models/tiny/interpolate?format={form}", json=INTERPOLATION).content
    response = client.post(CALL, content=raw)
    assert response.content == raw
    assert response.headers["content-type"] == f"image/{form}"
    assert len(frames(response.content)[0]) == 8


def test_images_of_a_zip_and_of_json_record_each_their_own_latent(client):
    call = "/v1/models/tiny/sample?seed=5&n=2&format="
    with zipfile.ZipFile(io.BytesIO(client.get(call + "zip").content)) as archive:
        files = [archive.read(name) for name in sorted(archive.namelist())]
    files += [base64.b64decode(entry["data"]) for entry in client.get(call + "json").json()["images"]]
    assert [metadata_of(raw)[1]["latents"] for raw in files] == [[{"seed": 5}], [{"seed": 6}]] * 2
    for raw in files:
        assert client.post(CALL, content=raw).content == raw


def test_another_format_may_be_requested(client):
    raw = client.get("/v1/models/tiny/sample?seed=7").content
    response = client.post(f"{CALL}?format=npy", content=raw)
    np.testing.assert_array_equal(np.load(io.BytesIO(response.content))[0, :, :, 0], builders.pixels(raw))
    assert client.post(CALL, content=raw, headers={"Accept": "image/webp"}).headers["content-type"] == "image/webp"
    assert_problem(client.post(f"{CALL}?format=gif", content=raw), 406)


def test_a_model_that_is_not_served_is_409(client, tmp_path, serve):
    builders.write_package(tmp_path, "other", seed=50)
    with serve(tmp_path) as other:
        raw = other.get("/v1/models/other/sample?seed=1").content
    assert_problem(client.post(CALL, content=raw), 409, "not-supported")


def test_the_digest_counts_not_the_name(client, tmp_path, serve):
    builders.write_package(tmp_path, "renamed")
    raw = client.get("/v1/models/tiny/sample?seed=1").content
    with serve(tmp_path) as other:
        response = other.post(CALL, content=raw)
        assert (response.content, response.headers["x-model"]) == (raw, "renamed@1")


def test_a_translation_and_a_foreign_file_are_422(client):
    translation = client.post("/v1/models/darker/translate", content=builders.image_file()).content
    assert set(metadata_of(translation)[1]) <= {"model", "truncation", "columns", "latents"}
    assert "translation" in assert_problem(client.post(CALL, content=translation), 422)["detail"]
    for form in ("PNG", "JPEG", "WEBP"):
        assert_problem(client.post(CALL, content=builders.image_file(form=form)), 422, "invalid")


DIGEST = "0" * 64


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "nonsense", "[" * 100_000, '{"model": "x"}', json.dumps({"model": DIGEST, "latents": [{"seed": -1}]}),
        json.dumps({"model": DIGEST, "latents": [{"mean": [{"seed": 1}]}]}),
        json.dumps({"model": DIGEST, "latents": [{"seed": 1}], "truncation": 5}),
        json.dumps({"model": DIGEST, "latents": [{"seed": 1}] * 2000}),
        json.dumps({"model": DIGEST, "latents": [{"seed": 1}], "animation": {"fps": 0, "loop": True}}),
    ],
)  # fmt: skip
def test_forged_metadata_are_refused(client, text):
    assert_problem(client.post(CALL, content=labelled(text)), 422, "invalid")


@pytest.mark.parametrize(
    "fields",
    [
        {"latents": [{"seed": 1}] * 65}, {"latents": [{"token": "AAAA"}]}, {"latents": [{"seed": 1, "class": 1}]},
        {"latents": [{"seed": 1}], "columns": 2},
    ],
)  # fmt: skip
def test_forged_metadata_of_a_served_model_are_checked_as_any_request(client, fields):
    digest = client.get("/v1/models/tiny").json()["digest"]
    assert_problem(client.post(CALL, content=labelled(json.dumps({"model": digest} | fields))), 422)


def test_what_is_no_image_is_415(client):
    assert_problem(client.post(CALL, content=b"GIF89a nothing"), 415)
    assert_problem(client.post(CALL, content=b""), 415)


def test_metadata_can_be_switched_off(models, serve, client):
    path = "/v1/models/tiny/sample?seed=1&format="
    with serve(models, metadata=False) as silent:
        for form in ("png", "jpeg", "webp"):
            raw = silent.get(path + form).content
            assert b"Ganvas" not in raw
            assert builders.same_pixels(raw, client.get(path + form).content)
            assert_problem(silent.post(CALL, content=raw), 422)
        assert silent.head(path + "png").headers["etag"] != client.head(path + "png").headers["etag"]


def test_so_many_latents_that_jpeg_cannot_hold_them_are_left_out(tmp_path, serve):
    builders.write_package(tmp_path, "wide", generator=builders.mlp_graph(300, (8,)), discriminator=None)
    latents = [{"mean": [{"seed": seed}, {"seed": seed + 1}]} for seed in range(64)]
    with serve(tmp_path) as client:
        jpeg, png = (
            client.post(f"/v1/models/wide/sample?format={form}", json={"latents": latents}).content
            for form in ("jpeg", "png")
        )
        assert client.post(CALL, content=png).content == png
        assert b"Ganvas" in jpeg
        assert_problem(client.post(CALL, content=jpeg), 422)
