import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from service.inference.session import Session
from tests import builders
from training.packaging.onnx import weights
from training.packaging.onnx.export import decibels

ROWS = np.random.default_rng(0).normal(0, 1, (5, builders.Z_DIM)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return onnx.load_from_string(builders.generator_graph(channels=3))


def run(model):
    return Session(model.SerializeToString(), threads=1).run({"latents": ROWS})


def weights_of(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize(("kind", "share", "least_db"), [("float16", 0.55, 50.0), ("int8", 0.35, 45.0)])
def test_smaller_weights_make_a_smaller_file_with_nearly_the_same_images(model, kind, share, least_db):
    stored = weights.store(model, kind)
    assert stored.ByteSize() < share * model.ByteSize()
    assert decibels(run(model), run(stored), peak=2.0) > least_db
    assert not np.array_equal(run(model), run(stored))


def test_float32_is_stored_as_it_is(model):
    assert weights.store(model, "float32").SerializeToString() == model.SerializeToString()


@pytest.mark.parametrize(("kind", "dtype"), [("float16", np.float16), ("int8", np.int8)])
def test_weights_keep_their_names_in_the_smaller_type(model, kind, dtype):
    before, after = weights_of(model), weights_of(weights.store(model, kind))
    assert set(before) <= set(after)
    assert after["w"].dtype == dtype
    assert after["w"].shape == before["w"].shape


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_small_tensors_and_whole_numbers_stay_as_they_are(kind):
    small = onnx.load_from_string(builders.discriminator_graph())  # 144 weights, and a shape in int64
    assert {name: values.dtype for name, values in weights_of(weights.store(small, kind)).items()} == {
        "w": np.float32,
        "shape": np.int64,
    }


def test_storing_leaves_the_graph_that_was_given_alone(model):
    before = model.SerializeToString()
    weights.store(model, "int8")
    assert model.SerializeToString() == before


@pytest.mark.parametrize("kind", ["float16", "int8"])
def test_a_stored_graph_still_takes_and_gives_float32_of_the_same_shapes(model, kind):
    stored = weights.store(model, kind)
    assert stored.graph.input == model.graph.input
    assert stored.graph.output == model.graph.output
    assert all(value.type.tensor_type.elem_type == TensorProto.FLOAT for value in stored.graph.input)
    assert run(stored).dtype == np.float32


def test_8_bit_rounds_each_output_channel_to_127_levels_of_its_own(model):
    before, after = weights_of(model)["w"], weights_of(weights.store(model, "int8"))
    scale = np.abs(before).max(axis=1, keepdims=True) / 127
    assert np.allclose(after["w.scale"], scale)
    assert np.abs(after["w"] * after["w.scale"] - before).max() <= scale.max() * 0.501
    assert (np.abs(after["w"]).max(axis=1) == 127).all()


def test_a_channel_of_zeros_stays_zero():
    zeros = onnx.load_from_string(builders.generator_graph())
    for tensor in zeros.graph.initializer:
        if tensor.name == "w":
            values = numpy_helper.to_array(tensor).copy()
            values[0] = 0.0
            tensor.CopyFrom(numpy_helper.from_array(values, "w"))
    stored = weights.store(zeros, "int8")
    assert not weights_of(stored)["w"][0].any()
    assert np.isfinite(run(stored)).all()
