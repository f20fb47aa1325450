import base64
import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from service.pipelines import latents
from tests import builders
from tests.conftest import assert_problem

SIDE, Z_DIM = builders.SIDE, builders.Z_DIM
CALL = "/v1/models/tiny/interpolate"
ENDS = {"from": {"seed": 1}, "to": {"seed": 2}}
KEYFRAMES = {"keyframes": [{"seed": 1}, {"seed": 2}, {"seed": 3}]}


def frames(client, body, model="tiny"):
    response = client.post(f"/v1/models/{model}/interpolate?format=json", json=body)
    assert response.status_code == 200, response.text
    return response.json()["images"]


def points(client, body):
    return np.stack([latents.from_token(frame["latent"]["token"], Z_DIM) for frame in frames(client, body)])


def animation(response):
    """(frames, total ms, loop count or None) of an animation as a viewer reads it."""
    with Image.open(io.BytesIO(response.content)) as image:
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(image.info["duration"])
        return durations, image.info.get("loop")


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (ENDS, 8), (ENDS | {"steps": 2}, 2), (ENDS | {"steps": 5}, 5), (ENDS | {"steps": 128}, 128),
        (KEYFRAMES | {"steps": 5}, 9), (KEYFRAMES | {"steps": 2}, 3),
        (ENDS | {"steps": 5, "loop": True}, 8), (KEYFRAMES | {"steps": 5, "loop": True}, 12),
        (ENDS | {"steps": 65, "loop": True}, 128),
    ],
)  # fmt: skip
def test_an_interpolation_has_the_frames_of_the_contract(client, body, count):
    response = client.post(f"{CALL}?format=npy", json=body)
    assert np.load(io.BytesIO(response.content)).shape == (count, SIDE, SIDE, 1)


@pytest.mark.parametrize("body", [ENDS | {"steps": 129}, ENDS | {"steps": 66, "loop": True}, KEYFRAMES | {"steps": 65}])
def test_more_than_128_frames_are_refused(client, body):
    assert_problem(client.post(CALL, json=body), 422)


@pytest.mark.parametrize("method", ["slerp", "lerp"])
def test_the_ends_of_an_interpolation_are_the_images_of_its_ends(client, method):
    path = frames(client, ENDS | {"method": method})
    ends = [client.get(f"/v1/models/tiny/sample?seed={seed}").content for seed in (1, 2)]
    for index, end in zip((0, -1), ends, strict=True):
        assert builders.same_pixels(base64.b64decode(path[index]["data"]), end)


def test_every_keyframe_is_met(client):
    path = points(client, KEYFRAMES | {"steps": 4})
    expected = [latents.draw(seed, Z_DIM, "normal") for seed in (1, 2, 3)]
    np.testing.assert_array_equal(path[[0, 3, 6]], expected)


def test_a_loop_goes_back_without_repeating_the_first_frame(client):
    path = points(client, ENDS | {"steps": 5, "loop": True, "method": "lerp"})
    there = points(client, ENDS | {"steps": 5, "method": "lerp"})
    np.testing.assert_array_equal(path[:5], there)
    np.testing.assert_allclose(path[5:], there[3:0:-1], rtol=1e-6, atol=1e-7)


def test_slerp_is_the_default_and_lerp_another_way(client):
    start, end = (latents.draw(seed, Z_DIM, "normal") for seed in (1, 2))
    shares = [index / 7 for index in range(8)]
    np.testing.assert_array_equal(points(client, ENDS), latents.slerp(start, end, shares))
    np.testing.assert_array_equal(points(client, ENDS | {"method": "lerp"}), latents.lerp(start, end, shares))


def test_a_still_response_is_one_row_unless_columns_are_given(client):
    strip = client.post(CALL, json=ENDS | {"steps": 6})
    assert strip.headers["content-type"] == "image/png"
    assert builders.pixels(strip.content).shape == (SIDE, 6 * SIDE)
    assert builders.pixels(client.post(CALL, json=ENDS | {"steps": 6, "columns": 4}).content).shape == (
        2 * SIDE,
        4 * SIDE,
    )
    with Image.open(io.BytesIO(client.post(f"{CALL}?format=jpeg", json=ENDS).content)) as image:
        assert (image.format, image.size) == ("JPEG", (8 * SIDE, SIDE))


@pytest.mark.parametrize("model", ["tiny", "colour"])
@pytest.mark.parametrize(("kind", "pillow"), [("image/gif", "GIF"), ("image/apng", "PNG"), ("image/webp", "WEBP")])
@pytest.mark.parametrize(("fps", "tolerance_ms"), [(12, 40), (50, 1), (1, 1)])
def test_an_animation_has_the_frames_at_their_pace(client, model, kind, pillow, fps, tolerance_ms):
    response = client.post(
        f"/v1/models/{model}/interpolate", json=ENDS | {"steps": 9, "fps": fps}, headers={"Accept": kind}
    )
    assert response.headers["content-type"] == kind
    durations, _ = animation(response)
    assert len(durations) == 9
    assert abs(sum(durations) - 9000 / fps) <= tolerance_ms
    with Image.open(io.BytesIO(response.content)) as image:
        assert (image.format, image.size) == (pillow, (SIDE, SIDE))


@pytest.mark.parametrize(("form", "once"), [("gif", None), ("apng", 1), ("webp", 1)])
def test_a_loop_repeats_for_ever_and_else_it_plays_once(client, form, once):
    assert animation(client.post(f"{CALL}?format={form}", json=ENDS))[1] == once
    assert animation(client.post(f"{CALL}?format={form}", json=ENDS | {"loop": True}))[1] == 0


def test_an_apng_shows_exactly_the_frames(client):
    response = client.post(f"{CALL}?format=apng", json=ENDS)
    expected = np.load(io.BytesIO(client.post(f"{CALL}?format=npy", json=ENDS).content))[..., 0]
    with Image.open(io.BytesIO(response.content)) as image:
        for index in range(8):
            image.seek(index)
            np.testing.assert_array_equal(np.asarray(image.convert("L")), expected[index])


def test_twelve_frames_a_second_are_the_default(client):
    durations, _ = animation(client.post(f"{CALL}?format=apng", json=ENDS))
    assert sum(durations) == pytest.approx(8000 / 12, abs=1)


def test_a_zip_holds_the_frames_in_order(client):
    with zipfile.ZipFile(io.BytesIO(client.post(f"{CALL}?format=zip", json=ENDS).content)) as archive:
        images = [archive.read(name) for name in sorted(archive.namelist())]
    assert images == [base64.b64decode(frame["data"]) for frame in frames(client, ENDS)]


def test_a_frame_s_latent_sent_back_gives_the_frame(client):
    frame = frames(client, ENDS)[3]
    response = client.post("/v1/models/tiny/sample", json={"latents": [frame["latent"]]})
    assert response.content == base64.b64decode(frame["data"])


def test_classes_are_blended_linearly(client):
    body = {"from": {"seed": 1, "class": "circle"}, "to": {"seed": 1, "class": "star"}, "steps": 5}
    path = frames(client, body, "classes")
    assert [frame["class"] for frame in path] == [
        "circle", {"circle": 0.75, "star": 0.25}, {"circle": 0.5, "star": 0.5}, {"circle": 0.25, "star": 0.75}, "star",
    ]  # fmt: skip
    assert len({frame["data"] for frame in path}) == 5
    sent = [frame["latent"] for frame in path]
    again = client.post("/v1/models/classes/sample?format=json", json={"latents": sent}).json()["images"]
    assert [image["data"] for image in again] == [frame["data"] for frame in path]


def test_one_class_for_the_whole_interpolation(client):
    assert {frame["class"] for frame in frames(client, ENDS | {"class": "square"}, "classes")} == {"square"}


def test_x_seed_names_the_keyframes_seeds(client):
    assert client.post(CALL, json=KEYFRAMES).headers["x-seed"] == "1,2,3"
    vector = {"vector": [1.0] * Z_DIM}
    assert "x-seed" not in client.post(CALL, json={"from": vector, "to": vector}).headers


@pytest.mark.parametrize("method", ["slerp", "lerp"])
@pytest.mark.parametrize("form", ["png", "gif", "apng", "webp", "json"])
def test_the_same_latent_twice_stands_still(client, method, form):
    response = client.post(f"{CALL}?format={form}", json={"from": {"seed": 1}, "to": {"seed": 1}, "method": method})
    assert response.status_code == 200


@pytest.mark.parametrize("end", [{"vector": [-1.0] * 8}, {"vector": [0.0] * 8}, {"mean": [{"vector": [0.0] * 8}]}])
def test_slerp_without_a_direction_is_refused_and_lerp_is_not(client, end):
    body = {"from": {"vector": [1.0] * 8}, "to": end}
    assert "lerp" in assert_problem(client.post(CALL, json=body), 422)["detail"]
    assert client.post(CALL, json=body | {"method": "lerp"}).status_code == 200


@pytest.mark.parametrize("method", ["slerp", "lerp"])
@pytest.mark.parametrize("other", [3e38, -1e38, 1e-38])
def test_extreme_ends_are_interpolated_or_refused(client, method, other):
    ends = {"from": {"vector": [3e38] * 8}, "to": {"vector": [other, -other] * 4}}
    response = client.post(f"{CALL}?format=json", json=ends | {"method": method})
    assert response.status_code in (200, 422)
    if response.status_code == 200:
        sent = [frame["latent"] for frame in response.json()["images"]]
        assert client.post("/v1/models/tiny/sample", json={"latents": sent}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {}, {"from": {"seed": 1}}, {"to": {"seed": 1}}, ENDS | KEYFRAMES, {"from": {"seed": 1}} | KEYFRAMES,
        {"keyframes": [{"seed": 1}]}, {"keyframes": []}, {"keyframes": [{"seed": 1}] * 129, "steps": 2},
        ENDS | {"steps": 0}, ENDS | {"steps": 1}, ENDS | {"steps": -1}, ENDS | {"steps": 10**6}, ENDS | {"steps": "8"},
        ENDS | {"steps": 2.5}, ENDS | {"steps": True}, ENDS | {"fps": 0}, ENDS | {"fps": 51}, ENDS | {"fps": 12.5},
        ENDS | {"method": "cubic"}, ENDS | {"method": None}, ENDS | {"loop": 1}, ENDS | {"loop": "true"},
        ENDS | {"columns": 0}, ENDS | {"columns": 9}, ENDS | {"class": "star"}, ENDS | {"n": 3},
        ENDS | {"truncation": 0.5},
        {"from": 1, "to": 2}, {"from": {"seed": 1}, "to": {"vector": [1.0]}}, {"from_": {"seed": 1}, "to": {"seed": 2}},
    ],
)  # fmt: skip
def test_a_bad_interpolation_is_refused(client, body):
    assert_problem(client.post(CALL, json=body), 422)


@pytest.mark.parametrize("form", ["bmp", "mp4", "PNG"])
def test_an_unknown_format_is_refused(client, form):
    assert_problem(client.post(f"{CALL}?format={form}", json=ENDS), 422)
