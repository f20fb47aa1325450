"""Tiny ONNX graphs from images of any size to images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from tests.builders.graphs import build_model

_ANY = ["N", 3, "H", "W"]


def affine_graph(scale: float, shift: float) -> bytes:
    """A graph of scale x + shift for images of any size: the inverse of another such graph."""
    weights = {"scale": np.array(scale, np.float32), "shift": np.array(shift, np.float32)}
    nodes = [
        helper.make_node("Mul", ["images_in", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["images"]),
    ]
    return _translator(nodes, weights)


def _translator(nodes: list[onnx.NodeProto], weights: Mapping[str, NDArray[Any]]) -> bytes:
    # Input and output are both called images in a package, which a graph cannot do: its output is renamed.
    for node in nodes:
        node.input[:] = ["images" if name == "images_in" else name for name in node.input]
        node.output[:] = ["translated" if name == "images" else name for name in node.output]
    return build_model(nodes, {"images": _ANY}, {"translated": _ANY}, weights)


def stylising_graph(width: int = 8, seed: int = 0, strength: float = 0.3) -> bytes:
    """A small translator like a real one: reflection, convolutions, instance normalisation, tanh.

    Instance normalisation depends on the whole image, so that tiles differ in colour.
    """
    rng = np.random.default_rng(seed)
    weights: dict[str, NDArray[Any]] = {"edge": np.array([0, 0, 2, 2, 0, 0, 2, 2], np.int64)}
    nodes, last, n_in = [], "images_in", 3
    for index, n_out in enumerate((width, width, 3)):
        kernel = rng.normal(0, strength / np.sqrt(n_in * 25), (n_out, n_in, 5, 5)).astype(np.float32)
        kernel[range(min(n_in, n_out)), range(min(n_in, n_out)), 2, 2] += 1.0
        weights |= {f"k{index}": kernel, f"b{index}": rng.normal(0, 0.1, n_out).astype(np.float32)}
        nodes += [
            helper.make_node("Pad", [last, "edge"], [f"p{index}"], mode="reflect"),
            helper.make_node("Conv", [f"p{index}", f"k{index}", f"b{index}"], [f"c{index}"]),
        ]
        last = f"c{index}"
        if n_out == width:
            weights |= {f"g{index}": np.ones(width, np.float32), f"s{index}": np.zeros(width, np.float32)}
            nodes += [
                helper.make_node("InstanceNormalization", [last, f"g{index}", f"s{index}"], [f"n{index}"]),
                helper.make_node("Relu", [f"n{index}"], [f"a{index}"]),
            ]
            last = f"a{index}"
        n_in = n_out
    nodes.append(helper.make_node("Tanh", [last], ["images"]))
    return _translator(nodes, weights)


def strided_graph(multiple: int = 4) -> bytes:
    """Each block of `multiple` x `multiple` px becomes its mean: fails unless both sides are a multiple."""
    mean = np.zeros((3, 3, multiple, multiple), np.float32)
    spread = np.zeros((3, 3, multiple, multiple), np.float32)
    for channel in range(3):
        mean[channel, channel] = 1.0 / multiple**2
        spread[channel, channel] = 1.0
    weights = {"mean": mean, "spread": spread}
    nodes = [
        helper.make_node("Conv", ["images_in", "mean"], ["small"], strides=[multiple, multiple]),
        helper.make_node("ConvTranspose", ["small", "spread"], ["blocky"], strides=[multiple, multiple]),
        # Fails where the sizes differ, as skip connections do.
        helper.make_node("Add", ["blocky", "images_in"], ["both"]),
        helper.make_node("Sub", ["both", "images_in"], ["images"]),
    ]
    return _translator(nodes, weights)
