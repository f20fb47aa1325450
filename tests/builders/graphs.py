"""Tiny ONNX graphs of generators, discriminators and encoders, with random weights."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Z_DIM = 8
SIDE = 12


def build_model(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, list[Any]],
    outputs: Mapping[str, list[Any]],
    weights: Mapping[str, NDArray[Any]],
) -> bytes:
    """A checked model of the nodes, with inputs and outputs of the given shapes, as ONNX bytes."""
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    model.ir_version = 10
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def generator_graph(channels: int = 1, n_classes: int = 0, seed: int = 0) -> bytes:
    """tanh(W z) (+ V classes) as (N, channels, SIDE, SIDE)."""
    rng = np.random.default_rng(seed)
    pixels = channels * SIDE * SIDE
    weights: dict[str, NDArray[Any]] = {
        "w": rng.normal(0, 0.4, (Z_DIM, pixels)).astype(np.float32),
        "b": rng.normal(0, 0.2, pixels).astype(np.float32),
        "shape": np.array([-1, channels, SIDE, SIDE], np.int64),
    }
    inputs: dict[str, list[Any]] = {"latents": ["N", Z_DIM]}
    nodes = [helper.make_node("Gemm", ["latents", "w", "b"], ["sum"])]
    if n_classes:
        inputs["classes"] = ["N", n_classes]
        weights["v"] = rng.normal(0, 0.8, (n_classes, pixels)).astype(np.float32)
        nodes += [
            helper.make_node("MatMul", ["classes", "v"], ["of_class"]),
            helper.make_node("Add", ["sum", "of_class"], ["both"]),
        ]
    nodes += [
        helper.make_node("Tanh", ["both" if n_classes else "sum"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["images"]),
    ]
    return build_model(nodes, inputs, {"images": ["N", channels, SIDE, SIDE]}, weights)


def mlp_graph(z_dim: int = 100, widths: tuple[int, ...] = (128, 256), side: int = 28, transposed: bool = True) -> bytes:
    """The MLP generator of a GAN at its real size: Gemm and ReLU layers, then tanh, as (N, 1, side, side)."""
    rng = np.random.default_rng(0)
    sizes = (z_dim, *widths, side * side)
    weights: dict[str, NDArray[Any]] = {"shape": np.array([-1, 1, side, side], np.int64)}
    nodes, last = [], "latents"
    for index, (n_in, n_out) in enumerate(pairwise(sizes)):
        values = rng.normal(0, 1.5 / np.sqrt(n_in), (n_in, n_out)).astype(np.float32)
        weights[f"w{index}"] = np.ascontiguousarray(values.T) if transposed else values
        weights[f"b{index}"] = rng.normal(0, 0.1, n_out).astype(np.float32)
        nodes.append(helper.make_node("Gemm", [last, f"w{index}", f"b{index}"], [f"h{index}"], transB=int(transposed)))
        last = f"a{index}"
        nodes.append(helper.make_node("Tanh" if n_out == sizes[-1] else "Relu", [f"h{index}"], [last]))
    nodes.append(helper.make_node("Reshape", [last, "shape"], ["images"]))
    return build_model(nodes, {"latents": ["N", z_dim]}, {"images": ["N", 1, side, side]}, weights)


def slow_graph(turns: int) -> bytes:
    """A generator with a loop of `turns` steps, (N, 1, SIDE, SIDE): about 4 ms per row for 100 turns."""
    rng = np.random.default_rng(0)
    weights: dict[str, NDArray[Any]] = {
        "wide": rng.normal(0, 0.5, (Z_DIM, 20_000)).astype(np.float32),
        "narrow": np.array([SIDE * SIDE], np.int64),
        "from": np.array([0], np.int64),
        "axis": np.array([1], np.int64),
        "turns": np.array(turns, np.int64),
        "go": np.array(True),
        "shape": np.array([-1, 1, SIDE, SIDE], np.int64),
    }
    wide: list[Any] = ["N", 20_000]
    body = helper.make_graph(
        [helper.make_node("Sin", ["x"], ["y"]), helper.make_node("Identity", ["again"], ["on"])],
        "turn",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, wide),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, wide),
        ],
    )
    nodes = [
        helper.make_node("MatMul", ["latents", "wide"], ["start"]),
        helper.make_node("Loop", ["turns", "go", "start"], ["end"], body=body),
        helper.make_node("Slice", ["end", "from", "narrow", "axis"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["images"]),
    ]
    return build_model(nodes, {"latents": ["N", Z_DIM]}, {"images": ["N", 1, SIDE, SIDE]}, weights)


def fragile_graph() -> bytes:
    """A generator of grey images whose inference fails if a value of a latent is 100 or more."""
    weights: dict[str, NDArray[Any]] = {
        "hundred": np.array(100.0, np.float32),
        "table": np.zeros((1, 1, SIDE, SIDE), np.float32),
        "axes": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("ReduceMax", ["latents", "axes"], ["largest"], keepdims=0),
        helper.make_node("Div", ["largest", "hundred"], ["share"]),
        helper.make_node("Cast", ["share"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "index"], ["images"], axis=0),
    ]
    return build_model(nodes, {"latents": ["N", Z_DIM]}, {"images": ["N", 1, SIDE, SIDE]}, weights)


def discriminator_graph(channels: int = 1, output: str = "logits", n_classes: int = 0, seed: int = 1) -> bytes:
    """A linear score of an image (and of its class), (N, 1)."""
    rng = np.random.default_rng(seed)
    pixels = channels * SIDE * SIDE
    weights: dict[str, NDArray[Any]] = {
        "w": rng.normal(0, 0.1, (pixels, 1)).astype(np.float32),
        "shape": np.array([-1, pixels], np.int64),
    }
    inputs: dict[str, list[Any]] = {"images": ["N", channels, SIDE, SIDE]}
    nodes = [helper.make_node("Reshape", ["images", "shape"], ["flat"])]
    if n_classes:
        inputs["classes"] = ["N", n_classes]
        weights["v"] = rng.normal(0, 1.0, (n_classes, 1)).astype(np.float32)
        nodes += [
            helper.make_node("MatMul", ["flat", "w"], ["of_image"]),
            helper.make_node("MatMul", ["classes", "v"], ["of_class"]),
            helper.make_node("Add", ["of_image", "of_class"], [output]),
        ]
    else:
        nodes.append(helper.make_node("MatMul", ["flat", "w"], [output]))
    return build_model(nodes, inputs, {output: ["N", 1]}, weights)


def encoder_graph(channels: int = 1, seed: int = 2) -> bytes:
    """A linear map of an image to a latent, (N, Z_DIM)."""
    rng = np.random.default_rng(seed)
    pixels = channels * SIDE * SIDE
    weights: dict[str, NDArray[Any]] = {
        "w": rng.normal(0, 0.1, (pixels, Z_DIM)).astype(np.float32),
        "shape": np.array([-1, pixels], np.int64),
    }
    nodes = [
        helper.make_node("Reshape", ["images", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["latents"]),
    ]
    return build_model(nodes, {"images": ["N", channels, SIDE, SIDE]}, {"latents": ["N", Z_DIM]}, weights)
