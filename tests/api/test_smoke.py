import io

from PIL import Image


def test_a_seed_gives_one_picture(client):
    answer = client.get("/v1/models/tiny/sample?seed=42")
    assert answer.status_code == 200, answer.text
    assert Image.open(io.BytesIO(answer.content)).size == (12, 12)


def test_interpolate(client):
    answer = client.post("/v1/models/tiny/interpolate", json={"from": {"seed": 1}, "to": {"seed": 2}})
    assert answer.status_code == 200, answer.text


def test_arithmetic(client):
    answer = client.post(
        "/v1/models/colour/arithmetic",
        json={"terms": [{"latents": [{"seed": 1}]}], "directions": [{"name": "smile", "weight": 2}], "variations": 3},
    )
    assert answer.status_code == 200, answer.text


def test_classes(client):
    answer = client.post("/v1/models/classes/sample?format=json", json={"n": 3, "class": "star"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["images"][0]["class"] == "star"


def test_discriminate(client):
    from tests import builders

    answer = client.post("/v1/models/tiny/discriminate", content=builders.picture())
    assert answer.status_code == 200, answer.text
    answer = client.post("/v1/models/tiny/discriminate", files={"image": builders.picture()})
    assert answer.status_code == 200, answer.text


def test_ready(client):
    assert client.get("/readyz").status_code == 200
    assert client.get("/v1/models").json()["skipped"] == []
    for m in ("colour", "classes"):
        assert client.get(f"/v1/models/{m}").status_code == 200
