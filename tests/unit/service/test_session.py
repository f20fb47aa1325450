import numpy as np
import onnx
import pytest
from onnx.external_data_helper import set_external_data

from service.errors import EngineError, PackageError
from service.session import Session, engine_version
from tests import builders


def latents(count: int):
    return np.random.default_rng(0).normal(0, 1, (count, builders.Z_DIM)).astype(np.float32)


def test_a_session_says_its_tensors_by_name():
    session = Session(builders.generator_graph(n_classes=3), 1)
    assert session.inputs == {"latents": ["N", 8], "classes": ["N", 3]}
    assert session.outputs == {"images": ["N", 1, 12, 12]}


def test_a_network_is_computed_as_numpy_computes_it():
    raw = builders.generator_graph()
    weights = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load_from_string(raw).graph.initializer
    }
    expected = np.tanh(latents(5) @ weights["w"] + weights["b"]).reshape(5, 1, 12, 12)
    drawn = Session(raw, 1).run({"latents": latents(5)})
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn, expected, atol=1e-5)


@pytest.mark.parametrize("raw", [b"", b"nonsense", builders.generator_graph()[:-300], builders.generator_graph()[:100]])
def test_what_is_no_network_is_a_broken_package(raw):
    with pytest.raises(PackageError):
        Session(raw, 1)


def test_weights_outside_the_file_are_refused():
    model = onnx.load_from_string(builders.generator_graph())
    set_external_data(model.graph.initializer[0], "/etc/passwd")
    with pytest.raises(PackageError, match="outside"):
        Session(model.SerializeToString(), 1)


@pytest.mark.parametrize(
    "inputs",
    [{}, {"latents": np.zeros((1, 9), np.float32)}, {"wrong": latents(1)}, {"latents": np.zeros((1, 8), np.float64)}],
)
def test_inputs_that_do_not_fit_are_an_engine_error(inputs):
    with pytest.raises(EngineError):
        Session(builders.generator_graph(), 1).run(inputs)


def test_the_engine_names_its_version():
    assert engine_version().startswith("onnxruntime-1.")
