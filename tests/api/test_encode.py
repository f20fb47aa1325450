"""Images turned into latents, and what can be done with them."""

import io
import json

import numpy as np
import pytest

from service.imaging import codecs
from service.imaging.pixels import fit, to_float32, to_uint8
from service.inference.session import Session
from service.pipelines import latents
from service.repository import manifest
from tests import builders
from tests.conftest import assert_problem

CALL = "/v1/models/colour/encode"


def encode(client, raw, query=""):
    return client.post(CALL + query, content=raw)


def test_the_latent_is_the_encoder_s(client):
    raw = builders.image_file(builders.SIDE, builders.SIDE)
    pixels = builders.pixels(raw)[None]
    (expected,) = Session(builders.encoder_graph(3), 1).run({"images": to_float32(pixels)})
    document = encode(client, raw).json()
    assert set(document) == {"model", "latent"}
    assert document["model"] == "colour@1"
    assert set(document["latent"]) == {"token"}
    np.testing.assert_allclose(latents.from_token(document["latent"]["token"], builders.Z_DIM), expected, rtol=1e-6)


def test_every_response_names_its_model_and_its_times(client):
    response = encode(client, builders.image_file())
    assert response.headers["x-model"] == "colour@1"
    phases = {part.split(";")[0] for part in response.headers["server-timing"].split(", ")}
    assert phases == {"decode", "queue", "infer", "total"}


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (100, 37)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_an_image_of_any_size_and_kind_is_taken(client, size, mode):
    raw = builders.image_file(*size, mode=mode)
    fitted = fit(codecs.decode(raw, 10**6), builders.SIDE, builders.SIDE, 3)
    expected = encode(client, codecs.encode(fitted, "png")).json()
    assert encode(client, raw).json() == expected
    assert client.post(CALL, files={"image": raw}).json() == expected


def test_an_image_is_encoded_moved_along_a_direction_and_shown_again(client):
    latent = encode(client, builders.image_file()).json()["latent"]
    shown = client.post("/v1/models/colour/sample?format=npy", json={"latents": [latent]})
    body = {"terms": [{"latents": [latent]}], "directions": [{"name": "smile", "weight": 2.0}]}
    moved = client.post("/v1/models/colour/arithmetic?format=json", json=body).json()["images"][0]
    start = latents.from_token(latent["token"], builders.Z_DIM)
    end = latents.from_token(moved["latent"]["token"], builders.Z_DIM)
    np.testing.assert_allclose(end - start, [2.0] + [0.0] * 7, atol=1e-6)
    again = client.post("/v1/models/colour/sample?format=npy", json={"latents": [moved["latent"]]})
    assert not np.array_equal(np.load(io.BytesIO(again.content)), np.load(io.BytesIO(shown.content)))


def test_arithmetic_takes_the_token_and_shows_the_moved_image_at_once(client):
    """Encode, then one call: the image is the generator's of the encoder's latent and twice the direction."""
    raw = builders.image_file(builders.SIDE, builders.SIDE)
    pixels = to_float32(builders.pixels(raw)[None])
    (start,) = Session(builders.encoder_graph(3), 1).run({"images": pixels})
    end = start + 2.0 * np.eye(builders.Z_DIM, dtype=np.float32)[0]
    expected = to_uint8(Session(builders.generator_graph(3), 1).run({"latents": end[None]}))[0]
    body = {
        "terms": [{"latents": [encode(client, raw).json()["latent"]]}],
        "directions": [{"name": "smile", "weight": 2}],
    }
    response = client.post("/v1/models/colour/arithmetic", json=body)
    assert response.headers["content-type"] == "image/png"
    assert np.abs(builders.pixels(response.content).astype(int) - expected).max() <= 1


def test_a_token_is_taken_by_every_generating_call(client):
    latent = encode(client, builders.image_file()).json()["latent"]
    shown = client.post("/v1/models/colour/sample", json={"latents": [latent]}).content
    summed = client.post("/v1/models/colour/arithmetic", json={"terms": [{"latents": [latent]}]}).content
    body = {"from": latent, "to": {"seed": 1}, "steps": 2}
    strip = builders.pixels(client.post("/v1/models/colour/interpolate", json=body).content)
    assert builders.same_pixels(summed, shown)
    np.testing.assert_array_equal(strip[:, : builders.SIDE], builders.pixels(shown))


def test_a_model_without_an_encoder_is_409(client):
    for model in ("tiny", "darker"):
        response = client.post(f"/v1/models/{model}/encode", content=builders.image_file())
        assert_problem(response, 409, "not-supported")


def test_what_is_no_image_is_refused(client):
    assert_problem(encode(client, b"nothing"), 415)
    assert_problem(encode(client, builders.image_file(), "?class=1"), 422)
    files = [("image", builders.image_file())] * 2
    assert_problem(client.post(CALL, files=files), 422)


def test_an_encoder_of_another_width_is_never_served(tmp_path, serve):
    folder = builders.write_package(tmp_path, "tiny", encoder=True)
    described = json.loads((folder / "manifest.json").read_text())
    networks = described["networks"]
    raw = (folder / "discriminator.onnx").read_bytes()  # one number per image, but a latent has eight
    (folder / "encoder.onnx").write_bytes(raw)
    networks["encoder"] = networks["discriminator"] | {"file": "encoder.onnx", "sha256": manifest.sha256(raw)}
    builders.rewrite_manifest(folder, networks=networks)
    with serve(tmp_path) as client:
        assert "encoder.onnx has an output of shape" in client.get("/v1/models").json()["skipped"][0]["reason"]
