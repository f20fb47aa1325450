import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from service.inference.session import Session
from training.packaging.onnx import subpixel
from training.packaging.onnx import weights as storage

DOUBLING = {"kernel_shape": [4, 4], "strides": [2, 2], "pads": [1, 1, 1, 1]}


def network(outputs: int, *, bias: bool = True, **attributes) -> onnx.ModelProto:
    """A transposed convolution of 5 channels, and a ReLU."""
    attributes = DOUBLING | attributes
    random = np.random.default_rng(0)
    kernel = random.normal(0, 1, (5, outputs, *attributes["kernel_shape"])).astype(np.float32)
    weights = [numpy_helper.from_array(kernel, "convs.0.weight")]
    if bias:
        weights.append(numpy_helper.from_array(random.normal(0, 1, outputs).astype(np.float32), "convs.0.bias"))
    nodes = [
        helper.make_node("ConvTranspose", ["images", *(w.name for w in weights)], ["made"], name="conv", **attributes),
        helper.make_node("Relu", ["made"], ["out"], name="relu"),
    ]
    given, out = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, "H", "W"])
        for name, channels in (("images", 5), ("out", outputs))
    )
    graph = helper.make_graph(nodes, "network", [given], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def rewritten(model: onnx.ModelProto) -> onnx.ModelProto:
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    subpixel.rewrite(copied)
    onnx.checker.check_model(copied, full_check=True)
    return copied


def run(model: onnx.ModelProto, *sides: int) -> np.ndarray:
    images = np.random.default_rng(1).normal(0, 1, (2, 5, *sides)).astype(np.float32)
    return Session(model.SerializeToString(), 1, any_size=True).run({"images": images})


def ops(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node if node.op_type != "Constant"]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("outputs", [1, 3, 16, 20])
def test_the_phases_give_what_the_transposed_convolution_gives(outputs, bias):
    before = network(outputs, bias=bias)
    after = rewritten(before)
    assert "ConvTranspose" not in ops(after)
    for sides in ((1, 1), (2, 3), (8, 8)):
        expected = run(before, *sides)
        assert expected.shape == (2, outputs, 2 * sides[0], 2 * sides[1])
        np.testing.assert_allclose(run(after, *sides), expected, atol=1e-5)


@pytest.mark.parametrize(("outputs", "convolutions"), [(3, 1), (16, 4)])
def test_narrow_outputs_are_made_by_one_convolution_and_wide_ones_by_four(outputs, convolutions):
    assert ops(rewritten(network(outputs))).count("Conv") == convolutions


@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [3, 3], "output_padding": [1, 1]},
        {"strides": [1, 1]},
        {"pads": [0, 0, 0, 0]},
        {"output_padding": [1, 1]},
        {"dilations": [2, 2]},
    ],
)
def test_other_transposed_convolutions_stay(attributes):
    model = network(16, **attributes)
    assert rewritten(model).SerializeToString() == model.SerializeToString()


@pytest.mark.parametrize("outputs", [3, 16])
@pytest.mark.parametrize("weights", ["float32", "float16", "int8"])
def test_initialisers_stay_and_stored_weights_give_the_same(outputs, weights):
    before = network(outputs)
    after = rewritten(before)
    assert list(after.graph.initializer) == list(before.graph.initializer)
    np.testing.assert_allclose(
        run(storage.store(after, weights), 4, 4), run(storage.store(before, weights), 4, 4), atol=1e-5
    )


@pytest.mark.parametrize("outputs", [3, 16])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weights", ["float32", "float16"])
def test_the_rewriting_can_be_taken_back(outputs, bias, weights):
    before = storage.store(network(outputs, bias=bias), weights)
    after = storage.store(rewritten(network(outputs, bias=bias)), weights)
    subpixel.restore(after)
    assert ops(after) == ops(before)
    np.testing.assert_array_equal(run(after, 4, 4), run(before, 4, 4))


def test_a_graph_that_was_not_rewritten_is_left_as_it_is():
    model = network(16)
    before = model.SerializeToString()
    subpixel.restore(model)
    assert model.SerializeToString() == before
