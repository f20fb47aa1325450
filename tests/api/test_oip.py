"""The Open Inference Protocol, by the unmodified tritonclient from PyPI and by hand."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from service.inference.session import Session
from service.pipelines import latents
from tests import builders

triton = pytest.importorskip("tritonclient.http")

INFER = "/v2/models/tiny/infer"
LATENT = np.stack([latents.draw(seed, builders.Z_DIM, "normal") for seed in (1, 2, 3)])


@pytest.fixture(scope="module")
def remote(port):
    with triton.InferenceServerClient(f"127.0.0.1:{port}", concurrency=1) as client:
        yield client


def tensor(name="latents", array=LATENT, binary=True):
    made = triton.InferInput(name, list(array.shape), "FP32")
    made.set_data_from_numpy(array, binary_data=binary)
    return made


ROWS = LATENT.tolist()


def body(data=ROWS, shape=(3, 8), name="latents", datatype="FP32", **fields):
    return {"inputs": [{"name": name, "shape": list(shape), "datatype": datatype, "data": data}]} | fields


def assert_error(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert list(response.json()) == ["error"]
    assert "Traceback" not in response.text
    return response.json()["error"]


def test_the_client_checks_and_lists(remote):
    assert remote.is_server_live()
    assert remote.is_server_ready()
    assert remote.is_model_ready("tiny")
    assert remote.is_model_ready("tiny", "1")
    assert not remote.is_model_ready("nobody")
    assert not remote.is_model_ready("tiny", "9")
    assert remote.get_server_metadata()["name"] == "ganvas"
    assert "binary_tensor_data" in remote.get_server_metadata()["extensions"]
    listed = remote.get_model_repository_index()
    assert {"name": "tiny", "version": "1", "state": "READY", "reason": ""} in listed
    assert len(listed) == 8


def test_metadata_name_the_tensors(remote):
    found = remote.get_model_metadata("classes", "1")
    assert (found["name"], found["versions"]) == ("classes", ["1"])
    assert found["platform"].startswith("onnxruntime_")
    assert found["inputs"] == [
        {"name": "latents", "datatype": "FP32", "shape": [-1, 8]},
        {"name": "classes", "datatype": "FP32", "shape": [-1, 3]},
    ]
    assert found["outputs"] == [{"name": "images", "datatype": "FP32", "shape": [-1, 1, 12, 12]}]
    assert remote.get_model_metadata("darker")["inputs"][0]["shape"] == [-1, 3, -1, -1]
    assert remote.get_model_metadata("tiny") == remote.get_model_metadata("tiny", "1")


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("received", [True, False, None])
def test_the_client_infers_binary_and_json(remote, sent, received):
    outputs = None if received is None else [triton.InferRequestedOutput("images", binary_data=received)]
    result = remote.infer("tiny", [tensor(binary=sent)], outputs=outputs, request_id="mine")
    expected = Session(builders.generator_graph(), 1).run({"latents": LATENT})
    np.testing.assert_allclose(result.as_numpy("images"), expected, atol=1e-6)
    response = result.get_response()
    assert (response["model_name"], response["model_version"], response["id"]) == ("tiny", "1", "mine")
    again = remote.infer("tiny", [tensor(binary=sent)], model_version="1", outputs=outputs)
    np.testing.assert_array_equal(again.as_numpy("images"), result.as_numpy("images"))


def test_a_conditional_model_takes_two_inputs(remote):
    classes = np.eye(3, dtype=np.float32)
    result = remote.infer("classes", [tensor(), tensor("classes", classes)])
    graph = Session(builders.generator_graph(1, 3), 1)
    np.testing.assert_allclose(result.as_numpy("images"), graph.run({"latents": LATENT, "classes": classes}), atol=1e-6)


def test_a_translator_takes_images(remote):
    images = np.random.default_rng(0).uniform(-1, 1, (2, 3, 8, 12)).astype(np.float32)
    result = remote.infer("darker", [tensor("images", images)])
    np.testing.assert_allclose(result.as_numpy("images"), images * 0.5 - 0.25, atol=1e-6)


def test_errors_have_the_protocol_s_form(remote):
    with pytest.raises(triton.InferenceServerException, match="no model 'nobody'"):
        remote.infer("nobody", [tensor()])
    with pytest.raises(triton.InferenceServerException, match="shape"):
        remote.infer("tiny", [tensor(array=LATENT[:, :5].copy())])


def test_rows_go_through_the_same_queue(client):
    def batches():
        name = 'ganvas_batch_rows_sum{model="tiny@1",network="generator"} '
        (line,) = (line for line in client.get("/metrics").text.splitlines() if line.startswith(name))
        return float(line.split()[-1])

    before = batches()
    with ThreadPoolExecutor(4) as clients:
        responses = list(clients.map(lambda _: client.post(INFER, json=body()), range(4)))
    assert {response.status_code for response in responses} == {200}
    assert batches() - before == 12
    assert responses[0].headers["x-model"] == "tiny@1"
    assert "infer;dur=" in responses[0].headers["server-timing"]


def test_data_may_be_flat_or_nested(client):
    flat = client.post(INFER, json=body(LATENT.ravel().tolist())).json()
    assert flat == client.post(INFER, json=body()).json()
    assert flat["outputs"][0]["shape"] == [3, 1, 12, 12]
    assert len(flat["outputs"][0]["data"]) == 3 * 144


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"inputs": []}, {"inputs": "x"}, body(shape=(3, 7)), body(shape=(2, 8)), body(shape=(3, 8, 1)),
        body([], (0, 8)),        body(shape=(-3, 8)), body(shape=("3", 8)), body(name="z"),
        body(datatype="INT64"), body([["a"] * 8] * 3),
        body([[True] * 8] * 3), body([[1.0] * 8, [1.0] * 7, [1.0] * 8]), body([[1e39] * 8] * 3), body([None] * 24),
        body([10**400] * 24), body(outputs=[{"name": "other"}]), body(outputs=[]), body(id=5),
        body(inputs=[body()["inputs"][0]] * 2), body([[0.0] * 8] * 65, (65, 8)),
        body(outputs=[{"name": "images", "parameters": {"binary_data": "yes"}}]),
        {"inputs": [{"name": "latents", "shape": [3, 8], "datatype": "FP32"}]},
        {"inputs": [{"name": "latents", "shape": [3, 8], "datatype": "FP32", "parameters": {"binary_data_size": 96}}]},
        {"inputs": [{"name": "latents", "shape": [3, 8], "datatype": "FP32", "parameters": {"binary_data_size": -1}}]},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_422_in_the_protocol_s_form(client, wrong):
    assert assert_error(client.post(INFER, content=json.dumps(wrong)), 422)


@pytest.mark.parametrize("raw", [b"", b"{", b"[" * 100_000, b"\xff", b'{"inputs": NaN}', b"null"])
def test_what_is_no_json_is_422(client, raw):
    assert_error(client.post(INFER, content=raw), 422)


@pytest.mark.parametrize("length", ["x", "-1", "1.5", "9" * 100, ""])
def test_a_false_header_length_is_400(client, length):
    headers = {"Inference-Header-Content-Length": length}
    assert_error(client.post(INFER, content=b"{}", headers=headers), 400)


def test_a_header_length_beyond_the_body_is_422(client):
    assert_error(client.post(INFER, content=b"{}", headers={"Inference-Header-Content-Length": "3"}), 422)


@pytest.mark.parametrize("cut", [0, 1, 95, 97])
def test_binary_data_of_another_length_are_422(client, cut):
    head = json.dumps(
        {"inputs": [{"name": "latents", "shape": [3, 8], "datatype": "FP32", "parameters": {"binary_data_size": 96}}]}
    ).encode()
    raw = (LATENT.tobytes() + b"\x00")[:cut]
    headers = {"Inference-Header-Content-Length": str(len(head))}
    assert_error(client.post(INFER, content=head + raw, headers=headers), 422)
    good = client.post(INFER, content=head + LATENT.tobytes(), headers=headers)
    assert good.status_code == 200


def test_binary_nan_is_422(client):
    head = b'{"inputs":[{"name":"latents","shape":[1,8],"datatype":"FP32","parameters":{"binary_data_size":32}}]}'
    raw = np.full(8, np.nan, np.float32).tobytes()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    assert "finite" in assert_error(client.post(INFER, content=head + raw, headers=headers), 422)


def test_a_translator_s_sides_are_checked(client):
    def call(model, height, width):
        shape = [1, 3, height, width]
        data = np.zeros(shape, np.float32).ravel().tolist()
        return client.post(f"/v2/models/{model}/infer", json=body(data, shape, "images"))

    assert call("blocky", 8, 4).status_code == 200
    assert_error(call("blocky", 8, 6), 422)
    assert_error(call("darker", 1, 513), 413)


def test_errors_of_v2_have_its_form_everywhere(client):
    assert_error(client.get("/v2/nothing"), 404)
    assert_error(client.get("/v2/models/nobody"), 404)
    assert_error(client.get("/v2/models/tiny/versions/x/ready"), 404)
    assert_error(client.get(INFER), 405)
    assert client.get(INFER).headers["allow"] == "POST"
    assert_error(client.get("/v2/health/live?x=1"), 422)
    assert_error(client.post(INFER, content=b" " * 10_485_761), 413)


def test_readiness_fails_as_readyz_does(tmp_path, serve):
    with serve(tmp_path) as client:
        assert client.get("/v2/health/live").json() == {"live": True}
        assert_error(client.get("/v2/health/ready"), 503)
