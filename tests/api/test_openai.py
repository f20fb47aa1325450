"""OpenAI's images API, by the unmodified openai client from PyPI and by hand."""

import base64
import urllib.request

import pytest

from tests import builders

openai = pytest.importorskip("openai")
CALL = "/v1/images/generations"


@pytest.fixture(scope="module")
def remote(port):
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0) as client:
        yield client


def post(client, **body):
    return client.post(CALL, json=body)


def files(response):
    return [base64.b64decode(image["b64_json"]) for image in response.json()["data"]]


def assert_error(response, status, code=None):
    assert response.status_code == status, response.text
    (error,) = response.json().values()
    assert set(error) == {"message", "type", "param", "code"}
    assert code in (None, error["code"])
    return error


def test_the_client_gets_images(remote, client):
    response = remote.images.generate(model="tiny", prompt="anything", n=2, extra_body={"seed": 7})
    assert len(response.data) == 2
    for seed, image in zip((7, 8), response.data, strict=True):
        raw = base64.b64decode(image.b64_json)
        assert raw == client.get(f"/v1/models/tiny/sample?seed={seed}").content
        assert image.revised_prompt == "prompt unused"
        assert image.url is None
    assert response.created > 1_600_000_000
    assert response.size == "12x12"


def test_the_client_gets_links_that_are_cacheable(remote, client):
    response = remote.images.generate(model="classes", prompt="star", response_format="url", extra_body={"seed": 3})
    url = response.data[0].url
    assert "/v1/models/classes@1/sample?seed=3&class=star&format=png" in url
    with urllib.request.urlopen(url) as got:
        assert "immutable" in got.headers["cache-control"]
        assert got.read() == client.get("/v1/models/classes@1/sample?seed=3&class=star").content


def test_the_client_understands_errors(remote):
    with pytest.raises(openai.NotFoundError) as caught:
        remote.images.generate(model="gpt-image-1", prompt="x")
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.UnprocessableEntityError):
        remote.images.generate(model="tiny", prompt="x", n=0)


@pytest.mark.parametrize(
    ("prompt", "generated"),
    [("star", "star"), ("a Big STAR!", "star"), ("three circles", None), ("star or square", "square"), ("", None)],
)
def test_the_prompt_picks_a_class_by_its_name(client, prompt, generated):
    response = post(client, model="classes", prompt=prompt, seed=5).json()
    revised = response["data"][0]["revised_prompt"]
    assert revised in builders.CLASSES
    if generated:
        assert revised == generated
    raw = base64.b64decode(response["data"][0]["b64_json"])
    assert builders.same_pixels(raw, client.get(f"/v1/models/classes/sample?seed=5&class={revised}").content)


def test_without_a_seed_images_are_fresh(client):
    one, two = post(client, model="tiny").json(), post(client, model="tiny").json()
    assert one["data"][0]["seed"] != two["data"][0]["seed"]
    assert post(client, model="tiny", seed=one["data"][0]["seed"]).json()["data"] == one["data"]


@pytest.mark.parametrize(
    ("size", "shape"), [("auto", (12, 12)), ("1024x64", (64, 1024)), ("1x1", (1, 1)), (None, (12, 12))]
)
def test_sizes_are_resized_to(client, size, shape):
    response = post(client, model="tiny", size=size, seed=1)
    assert builders.pixels(files(response)[0]).shape == shape
    assert response.json()["size"] == f"{shape[1]}x{shape[0]}"


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_output_formats(client, form):
    response = post(client, model="colour", output_format=form, seed=1)
    assert files(response)[0] == client.get(f"/v1/models/colour/sample?seed=1&format={form}").content
    assert response.json()["output_format"] == form


def test_a_resized_image_has_no_metadata(client):
    (raw,) = files(post(client, model="tiny", size="40x40", seed=1))
    assert client.post("/v1/reproduce", content=raw).status_code == 422
    (own,) = files(post(client, model="tiny", seed=1))
    assert client.post("/v1/reproduce", content=own).content == own


def test_other_fields_of_the_api_are_named_in_warnings(client):
    response = post(client, model="tiny", quality="hd", style="vivid", user="me", background=None).json()
    assert response["warnings"] == ["quality is ignored", "style is ignored", "user is ignored"]
    assert post(client, model="tiny").json()["warnings"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1}, {"n": 0}, {"n": 65}, {"n": "2"}, {"size": "0x5"}, {"size": "2000x10"}, {"size": "big"},
        {"size": 5}, {"seed": -1}, {"seed": 2**63}, {"seed": 2**63 - 1, "n": 2}, {"response_format": "png"},
        {"output_format": "gif"},
        {"prompt": 5}, {"response_format": "url", "size": "64x64"}, {"model": None},
    ],
)  # fmt: skip
def test_what_is_wrong_is_422_in_openai_s_form(client, wrong):
    error = assert_error(post(client, **({"model": "tiny"} | wrong)), 422, "invalid")
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_other_errors_have_openai_s_form_too(client):
    assert_error(client.post(CALL, content=b"{"), 422)
    assert_error(post(client, model="nobody"), 404, "model_not_found")
    assert_error(post(client, model="darker"), 409)
    assert_error(post(client, model="tiny", n=64, size="1024x1024"), 413)
    assert_error(client.get(CALL), 405)
    assert_error(client.get("/v1/images/edits"), 404)
    assert_error(client.post(f"{CALL}?x=1", json={}), 422)


def test_a_single_model_needs_no_name(tmp_path, serve):
    builders.write_package(tmp_path, "only")
    with serve(tmp_path) as client:
        response = post(client, prompt="x")
        assert response.headers["x-model"] == "only@1"
        assert response.headers["x-seed"] == str(response.json()["data"][0]["seed"])


def test_a_link_knows_nothing_of_inference(client):
    def batches():
        lines = client.get("/metrics").text.splitlines()
        name = 'ganvas_batch_rows_count{model="tiny@1",network="generator"} '
        return next(line for line in lines if line.startswith(name))

    before = batches()
    assert post(client, model="tiny", n=3, response_format="url").status_code == 200
    assert batches() == before
