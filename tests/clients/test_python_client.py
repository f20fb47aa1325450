"""The calls of the Python client against a real server."""

import io

import numpy as np
import pytest
from ganvas_client import Client, direction, mean, seed, token, vector
from PIL import Image

from tests import builders


def png(client, query: str) -> bytes:
    return client.get(f"/v1/models/{query}").content


def test_sample_returns_the_images_of_the_api(ganvas, client):
    response = ganvas.sample("tiny", seeds=[7, 8])
    assert response.model == "tiny@1"
    assert [image.seed for image in response] == [7, 8]
    assert [image.data for image in response] == [png(client, f"tiny/sample?seed={n}") for n in (7, 8)]
    assert response.image.size == response.images[1].size == (12, 12)
    again = ganvas.sample("tiny", latents=[image.latent for image in response])
    assert [np.asarray(own).tolist() for own in again.images] == [np.asarray(own).tolist() for own in response.images]
    assert len(ganvas.sample("tiny@1", seeds=range(5), truncation=0.5)[1:3]) == 2


def test_n_random_images(port):
    with Client(f"http://127.0.0.1:{port}") as client:
        assert len({image.seed for image in client.sample("tiny", 5)}) == 5
        assert len(client.sample("tiny")) == 1


@pytest.mark.parametrize("class_", [2, "star", {"star": 0.5, "circle": 0.5}])
def test_classes(ganvas, class_):
    response = ganvas.sample("classes", seeds=[1], class_=class_)
    expected = {"circle": 0.5, "star": 0.5} if isinstance(class_, dict) else "star"
    assert response[0].class_ == expected
    assert ganvas.sample("classes", latents=[seed(1, class_)])[0].image.tobytes() == response[0].image.tobytes()


def test_one_file_of_several_images(ganvas, client, tmp_path):
    file = ganvas.sample_file("tiny", seeds=[0, 1, 2], columns=3)
    assert file.image.size == (36, 12)
    assert (file.content_type, file.model, file.seeds) == ("image/png", "tiny@1", (0, 1, 2))
    assert file.data == png(client, "tiny/sample?seed=0&n=3&columns=3")
    file.save(tmp_path / "grid.png")
    assert ganvas.reproduce(tmp_path / "grid.png").data == file.data
    assert ganvas.reproduce(file.data, format="webp").content_type == "image/webp"
    pixels = np.load(io.BytesIO(ganvas.sample_file("tiny", seeds=[0, 1], format="npy").data))
    assert pixels.shape == (2, 12, 12, 1)


def test_interpolations(ganvas):
    frames = ganvas.interpolate("tiny", seed(1), seed(2), seed(3), steps=4, loop=True)
    assert len(frames) == 9
    streamed = ganvas.stream("tiny", seed(1), seed(2), seed(3), steps=4, loop=True)
    assert [(frame.index, frame.of, frame.model) for frame in streamed] == [(n, 9, "tiny@1") for n in range(9)]
    assert [frame.image.tobytes() for frame in streamed] == [image.tobytes() for image in frames.images]
    file = ganvas.interpolate_file("tiny", seed(1), vector([0.5] * 8), steps=5, method="lerp", fps=25)
    assert file.content_type == "image/gif"
    assert file.image.n_frames == 5
    strip = ganvas.interpolate_file("tiny", seed(1), seed(2), steps=6, format="png", columns=3)
    assert strip.image.size == (36, 24)
    with pytest.raises(ValueError, match="at least two latents"):
        ganvas.interpolate("tiny", seed(1))


def test_stream_can_be_closed_early(port):
    with Client(f"http://127.0.0.1:{port}") as client:
        frames = client.stream("tiny", seed(1), seed(2), steps=128)
        assert next(frames).index == 0
        frames.close()
        assert client.is_ready()


def test_arithmetic(ganvas, client):
    response = ganvas.arithmetic(
        "colour", mean(seed(1), seed(2)) - seed(3) + 2 * direction("smile"), variations=3, jitter=0.5, seed=4
    )
    body = {
        "terms": [{"weight": 1, "latents": [{"seed": 1}, {"seed": 2}]}, {"weight": -1, "latents": [{"seed": 3}]}],
        "directions": [{"name": "smile", "weight": 2}],
        "variations": 3,
        "jitter": 0.5,
        "seed": 4,
    }
    direct = client.post("/v1/models/colour/arithmetic?format=npy", json=body)
    pixels = np.load(io.BytesIO(direct.content))
    assert [np.asarray(image).tolist() for image in response.images] == pixels.tolist()
    assert ganvas.arithmetic("colour", seed(9)).image.tobytes() == ganvas.sample("colour", seeds=[9]).image.tobytes()
    grid = ganvas.arithmetic_file("classes", seed(1, 0) + seed(2, 1), class_="star", format="webp")
    assert grid.content_type == "image/webp"


def test_translate_takes_paths_bytes_and_images(ganvas, client, tmp_path):
    raw = builders.image_file(21, 17)
    (tmp_path / "a.png").write_bytes(raw)
    expected = client.post("/v1/models/darker/translate", content=raw).content
    with Image.open(io.BytesIO(raw)) as image:
        for upload in (raw, tmp_path / "a.png", str(tmp_path / "a.png"), image):
            response = ganvas.translate("darker", upload)
            assert response.data == expected
            assert response.cycle_error is None
    assert response.image.size == (21, 17)
    assert 0 <= ganvas.translate("darker", raw, cycle=True).cycle_error < 2
    with Image.open(io.BytesIO(raw)) as image:
        assert ganvas.translate("darker", image.convert("CMYK"), fit="resize").image.size == (21, 17)


def test_translate_several_at_once(ganvas):
    uploads = [builders.image_file(20 + n, 16, seed=n) for n in range(3)]
    translations = ganvas.translate_all("lighter", uploads, cycle=True)
    assert [response.image.size for response in translations] == [(20, 16), (21, 16), (22, 16)]
    assert all(response.cycle_error is not None for response in translations)
    assert (
        ganvas.translate_all("lighter", uploads[:1])[0].image.tobytes()
        == ganvas.translate("lighter", uploads[0]).image.tobytes()
    )


def test_discriminate_and_encode(ganvas):
    image = ganvas.sample("tiny", seeds=[3])[0]
    rating = ganvas.discriminate("tiny", image.image)
    assert rating.model == "tiny@1"
    assert 0 < rating.probability < 1
    assert ganvas.discriminate("critic", image.data).probability is None
    assert isinstance(ganvas.discriminate("classes", image.data, class_="star").score, float)
    latent = ganvas.encode("colour", image.data)
    assert latent == token(latent.text)
    assert len(ganvas.sample("colour", latents=[latent])) == 1


def test_models(ganvas):
    models = ganvas.models()
    assert "classes@1" in [card.reference for card in models]
    assert models.skipped == ()
    card = ganvas.model("classes")
    assert card.classes == ("circle", "square", "star")
    assert (card.image.width, card.latent_dim, card.distribution) == (12, 8, "normal")
    assert card.raw["manifest"]["name"] == "classes"
    assert ganvas.model("darker@1").inverse == "lighter"
    assert ganvas.preview("classes").size == (24, 12)
    assert ganvas.is_ready()
