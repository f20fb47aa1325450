"""ONNX files of any convention are brought to the packages' contract inside the graph."""

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper

from service.inference.session import Session
from training.packaging.foreign.contract import Convention
from training.packaging.foreign.importer import Settings, import_file
from training.packaging.foreign.sizes import SizeError
from training.packaging.foreign.statement import Statement
from training.packaging.onnx.export import ExportError

KERNEL = np.random.default_rng(0).normal(0.0, 0.2, (3, 3, 3, 3)).astype(np.float32)
FLOAT = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}


def translator(
    opset=17,
    layout="nchw",
    value_range=(-1.0, 1.0),
    sides=("H", "W"),
    batch="N",
    dtype="float32",
    name="x",
    kernel=KERNEL,
):
    """tanh of a 3 x 3 convolution of the values between -1 and 1, in a convention of its own."""
    low, high = value_range
    given, made = kernel.shape[1], kernel.shape[0]
    half = np.array((high - low) / 2, dtype)
    middle = np.array(low, dtype) + half
    stored = {"kernel": kernel.astype(dtype), "half": half, "middle": middle}
    nodes, at = [], name
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", [at], ["first"], perm=[0, 3, 1, 2]))
        at = "first"
    nodes += [
        helper.make_node("Sub", [at, "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "half"], ["scaled"]),
        helper.make_node("Conv", ["scaled", "kernel"], ["filtered"], pads=[1, 1, 1, 1]),
        helper.make_node("Tanh", ["filtered"], ["bounded"]),
        helper.make_node("Mul", ["bounded", "half"], ["spread"]),
        helper.make_node("Add", ["spread", "middle"], ["images" if layout == "nchw" else "last"]),
    ]
    if layout == "nhwc":
        nodes.append(helper.make_node("Transpose", ["last"], ["images"], perm=[0, 2, 3, 1]))

    def shape(channels):
        return [batch, channels, *sides] if layout == "nchw" else [batch, *sides, channels]

    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, FLOAT[dtype], shape(given))],
        [helper.make_tensor_value_info("images", FLOAT[dtype], shape(made))],
        [numpy_helper.from_array(value, key) for key, value in stored.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=min(8, opset))


def expected(images, kernel=KERNEL, bgr=False):
    """What the contract's images become: (N, 3, H, W) in [-1, 1]."""
    x = torch.from_numpy(images)
    if kernel.shape[1] == 1:
        x = (x * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    made = torch.tanh(F.conv2d(x.flip(1) if bgr else x, torch.from_numpy(kernel), padding=1))
    return (made.flip(1) if bgr else made).expand(-1, 3, -1, -1).numpy()


def saved(tmp_path, model, **options):
    onnx.save(model, tmp_path / "net.onnx", **options)
    return tmp_path / "net.onnx"


def imported(tmp_path, file, **settings):
    return import_file(file, tmp_path / "models", Statement("net"), Settings(size_px=32, **settings))


def run(done, images):
    return Session((done.folder / "generator.onnx").read_bytes(), 1).run({"images": images})


GREY = KERNEL[:1, :1]
VARIANTS = {
    "plain": ({}, {}),
    "nhwc": ({"layout": "nhwc"}, {}),
    "unit range": ({"value_range": (0.0, 1.0)}, {"value_range": (0.0, 1.0)}),
    "byte range": ({"value_range": (0.0, 255.0)}, {"value_range": (0.0, 255.0)}),
    "bgr": ({}, {"channels": "bgr"}),
    "bgr bytes in nhwc": (
        {"layout": "nhwc", "value_range": (0.0, 255.0)},
        {"value_range": (0.0, 255.0), "channels": "bgr"},
    ),
    "static axes": ({"batch": 1, "sides": (24, 40)}, {}),
    "float16": ({"dtype": "float16", "value_range": (0.0, 1.0)}, {"value_range": (0.0, 1.0)}),
    "grey": ({"kernel": GREY}, {}),
    "grey in, colour out": ({"kernel": KERNEL[:, :1]}, {}),
    "the contract's names inside": ({"name": "translated"}, {}),
    "opset 9": ({"opset": 9}, {}),
    "opset 21": ({"opset": 21}, {}),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_translator_of_any_convention_is_normalised_inside_the_graph(tmp_path, name):
    graph, settings = VARIANTS[name]
    done = imported(tmp_path, saved(tmp_path, translator(**graph)), **settings)
    images = np.random.default_rng(1).uniform(-1, 1, (3, 3, 35, 50)).astype(np.float32)
    right = expected(images, graph.get("kernel", KERNEL), settings.get("channels") == "bgr")
    worst = np.abs(run(done, images) - right).max()
    assert worst < (0.01 if "dtype" in graph else 1e-4)
    about = done.described
    assert (about.task, about.method, about.translation.multiple) == ("translate", "other", 1)
    assert about.networks["generator"].inputs[0].shape == ("N", 3, "H", "W")


def test_weights_in_a_file_beside_it_are_taken_into_the_package(tmp_path):
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[:, :, 1, 1] = np.eye(3) * 0.5
    model = translator(kernel=kernel)
    file = saved(tmp_path, model, save_as_external_data=True, location="net.data", size_threshold=0)
    done = imported(tmp_path, file)
    (tmp_path / "net.data").unlink()
    images = np.full((1, 3, 16, 16), 0.5, np.float32)
    assert np.allclose(run(done, images), np.tanh(0.25), atol=1e-6)


def latents_to_images(four_dimensional=False, height=4):
    weight = np.random.default_rng(2).normal(0, 0.1, (6, 3 * height * 4)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["z"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["values"]),
        helper.make_node("Tanh", ["values"], ["bounded"]),
        helper.make_node("Reshape", ["bounded", "shape"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 6, *([1, 1] if four_dimensional else [])])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", 3, height, 4])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([-1, 3, height, 4]), "shape")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), weight


@pytest.mark.parametrize("four_dimensional", [False, True])
def test_a_generator_takes_latents_of_two_axes_whatever_its_own_has(tmp_path, four_dimensional):
    model, weight = latents_to_images(four_dimensional)
    done = imported(tmp_path, saved(tmp_path, model))
    assert (done.described.task, done.described.latent.dim, done.described.image.width) == ("generate", 6, 4)
    latents = np.random.default_rng(3).normal(size=(3, 6)).astype(np.float32)
    network = Session((done.folder / "generator.onnx").read_bytes(), 1)
    made = network.run({"latents": latents})
    assert np.allclose(made, np.tanh(latents @ weight).reshape(3, 3, 4, 4), atol=1e-5)


def _changed(model, change):
    change(model.graph)
    return model


def _reshaped(graph):
    """A network that fixes its batch inside."""
    graph.node[-1].output[0] = "before"
    graph.initializer.append(numpy_helper.from_array(np.array([1, 3, 24, 40]), "fixed"))
    graph.node.append(helper.make_node("Reshape", ["before", "fixed"], ["images"]))


def _halved(graph):
    graph.node[2].attribute.append(helper.make_attribute("strides", [2, 2]))
    del graph.output[0].type.tensor_type.shape.dim[:]


REFUSED = {
    "the batch is fixed inside": (lambda: _changed(translator(batch=1, sides=(24, 40)), _reshaped), "dynamic axes"),
    "another output size": (lambda: _changed(translator(), _halved), "must have its input's size"),
    "five channels": (lambda: translator(kernel=np.zeros((3, 5, 3, 3), np.float32)), "images of 5 channels"),
    "two channels out": (lambda: translator(kernel=np.zeros((2, 3, 3, 3), np.float32)), "has 2 channels"),
    "an old opset": (lambda: translator(opset=8), "opset 8, but 9 to"),
    "an unknown operator": (
        lambda: _changed(translator(), lambda g: setattr(g.node[3], "op_type", "Sorcery")),
        "no valid ONNX file|does not load",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_normalised_is_refused_with_the_reason(tmp_path, name):
    build, words = REFUSED[name]
    with pytest.raises((ExportError, SizeError), match=words) as raised:
        imported(tmp_path, saved(tmp_path, build()))
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.glob("models/*"))


def test_an_unclear_layout_is_asked_for(tmp_path):
    file = saved(tmp_path, translator(batch=1, sides=(24, 3)))
    with pytest.raises(ExportError, match="--layout nchw or nhwc"):
        imported(tmp_path, file)
    assert imported(tmp_path, file, layout="nchw").folder.exists()


@pytest.mark.parametrize("location", ["../secret.data", "/etc/passwd", "missing.data"])
def test_weights_outside_the_folder_are_not_read(tmp_path, location):
    model = translator()
    file = saved(tmp_path, model, save_as_external_data=True, location="net.data", size_threshold=0)
    raw = onnx.load(file, load_external_data=False)
    for tensor in raw.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    file.write_bytes(raw.SerializeToString())
    with pytest.raises(ExportError, match=r"not in its own folder|is not there"):
        imported(tmp_path, file)


@pytest.mark.parametrize("raw", [b"", b"text", b"\x08\x08" + b"\xff" * 30])
def test_a_damaged_file_is_refused(tmp_path, raw):
    (tmp_path / "net.onnx").write_bytes(raw)
    with pytest.raises(ExportError, match=r"net\.onnx"):
        imported(tmp_path, tmp_path / "net.onnx")


def test_a_truncated_file_is_refused(tmp_path):
    file = saved(tmp_path, translator())
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(ExportError, match=r"no whole ONNX file|no valid ONNX file"):
        imported(tmp_path, file)


def test_options_of_state_dicts_are_not_taken_for_onnx(tmp_path):
    file = saved(tmp_path, translator())
    with pytest.raises(ExportError, match="are for state dicts"):
        imported(tmp_path, file, batch_statistics=True)


def test_a_convention_is_stated_in_the_manifest(tmp_path):
    done = imported(tmp_path, saved(tmp_path, translator()), channels="bgr", value_range=(0.0, 255.0))
    told = done.described.training.config
    assert (told["range"], told["channels"], told["layout"]) == ([0.0, 255.0], "bgr", "nchw")
    assert told["file"] == "net.onnx"
    assert Convention().value_range == (-1.0, 1.0)
