"""What tests are made of: IDX files, pictures, tiny ONNX graphs and model packages, all made in code.

Nothing here reads a data set or trains anything.
"""

import gzip
import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from service.imaging import codecs
from service.inference.session import Session
from service.repository import manifest
from service.repository.manifest import Array, Direction, Golden, Manifest, Network

Z_DIM = 8
SIDE = 12
N_CLASSES = 3
CLASSES = ("circle", "square", "star")


def write_idx(path: Path, values: NDArray[np.uint8], packed: bool = True) -> None:
    """An IDX file of unsigned bytes, as MNIST's are."""
    raw = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes()
    path.write_bytes(gzip.compress(raw, 1) if packed else raw)


def digits(count: int, seed: int = 0, side: int = 28) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pictures with ten classes that can be told apart: a bright bar whose place is the class, with some noise.

    Returns:
        (count, side, side) uint8 and (count,) uint8 labels, each class equally often.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.uint8) % 10
    pixels = rng.integers(0, 40, (count, side, side), dtype=np.uint8)
    for index, label in enumerate(labels):
        start = 2 + int(label) * (side - 6) // 10 + int(rng.integers(0, 2))
        pixels[index, start : start + 3, 4:-4] = 255 - rng.integers(0, 40, (3, side - 8), dtype=np.uint8)
    return pixels, labels


def write_digits(folder: Path, n_train: int = 256, n_test: int = 64) -> Path:
    """A folder with the four IDX files of a small set of `digits`."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, count, seed in (("train", n_train, 0), ("t10k", n_test, 1)):
        pixels, labels = digits(count, seed)
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", pixels)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", labels)
    return folder


def picture(
    width: int = 20, height: int = 16, mode: str = "RGB", form: str = "PNG", seed: int = 0, **options: Any
) -> bytes:
    """A file of a smooth picture with some noise, in any mode and format that Pillow writes."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 200, width)[None, :, None] * np.linspace(0.5, 1, height)[:, None, None]
    rgb = (ramp * np.array([1.0, 0.8, 0.6]) + rng.integers(0, 50, (height, width, 3))).astype(np.uint8)
    image = Image.fromarray(rgb)
    if mode == "I;16":
        image = Image.fromarray(rgb[:, :, 0].astype(np.uint16) * 257)
    elif mode != "RGB":
        image = image.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def write_pictures(folder: Path, *names: str, width: int = 20, height: int = 16) -> Path:
    """A folder with a different `picture` under each name, which may hold folders."""
    for seed, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(width, height, seed=seed))
    return folder


def write_faces(
    folder: Path, n_train: int = 40, n_test: int = 8, side: int = 20, attributes: tuple[str, ...] = ()
) -> Path:
    """Pictures in CelebA's form: a folder of them, and the list that says which are for training (0) and test (2).

    With attributes also the table that says which has what: by chance.
    """
    names = [f"{index + 1:06}.jpg" for index in range(n_train + n_test)]
    write_pictures(folder, *(f"img_align_celeba/{name}" for name in names), width=side, height=side)
    lines = (f"{name} {0 if index < n_train else 2}" for index, name in enumerate(names))
    (folder / "list_eval_partition.txt").write_text("\n".join(lines))
    if attributes:
        values = np.random.default_rng(0).choice((-1, 1), (len(names), len(attributes)))
        rows = (f"{name} {' '.join(map(str, row))}" for name, row in zip(names, values, strict=True))
        (folder / "list_attr_celeba.txt").write_text("\n".join((str(len(names)), " ".join(attributes), *rows)))
    return folder


def write_pairs(folder: Path, n_train: int = 8, n_test: int = 4, side: int = 20) -> Path:
    """Aligned pairs, A the darker left half of each picture, in `train` and `test`."""
    counts = {"train": n_train, "test": n_test}
    names = (f"{part}/{index}.png" for part, count in counts.items() for index in range(count))
    return write_pictures(folder, *names, width=2 * side, height=side)


def write_unpaired(folder: Path, n_a: int = 6, n_b: int = 8, n_test: int = 4, side: int = 20) -> Path:
    """Two domains in `trainA`, `trainB`, `testA` and `testB`."""
    counts = {"trainA": n_a, "trainB": n_b, "testA": n_test, "testB": n_test}
    names = (f"{part}/{index}.png" for part, count in counts.items() for index in range(count))
    return write_pictures(folder, *names, width=side, height=side)


def write_zip(path: Path, folder: Path) -> Path:
    """A zip of all the files below a folder, in an order that is not theirs by name."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, file.relative_to(folder))
    return path


def _model(
    nodes: list[onnx.NodeProto],
    inputs: Mapping[str, list[Any]],
    outputs: Mapping[str, list[Any]],
    weights: Mapping[str, NDArray[Any]],
) -> bytes:
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
    return _model(nodes, inputs, {"images": ["N", channels, SIDE, SIDE]}, weights)


def mlp_graph(z_dim: int = 100, widths: tuple[int, ...] = (128, 256), side: int = 28, transposed: bool = True) -> bytes:
    """The MLP of a GAN at its real size: Gemm and Relu, at last Tanh, as (N, 1, side, side)."""
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
    return _model(nodes, {"latents": ["N", z_dim]}, {"images": ["N", 1, side, side]}, weights)


def slow_graph(turns: int) -> bytes:
    """(N, 1, SIDE, SIDE) after so many turns of work: about 4 ms a row for 100 turns."""
    rng = np.random.default_rng(0)
    weights = {
        "wide": rng.normal(0, 0.5, (Z_DIM, 20_000)).astype(np.float32),
        "narrow": np.array([SIDE * SIDE], np.int64),
        "from": np.array([0], np.int64),
        "axis": np.array([1], np.int64),
        "turns": np.array(turns, np.int64),
        "go": np.array(True),
        "shape": np.array([-1, 1, SIDE, SIDE], np.int64),
    }
    wide = ["N", 20_000]
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
    return _model(nodes, {"latents": ["N", Z_DIM]}, {"images": ["N", 1, SIDE, SIDE]}, weights)


def fragile_graph() -> bytes:
    """Pictures all of one grey; the engine fails as soon as a latent's value is 100 or more."""
    weights = {
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
    return _model(nodes, {"latents": ["N", Z_DIM]}, {"images": ["N", 1, SIDE, SIDE]}, weights)


def discriminator_graph(channels: int = 1, output: str = "logits", n_classes: int = 0, seed: int = 1) -> bytes:
    """A linear score of a picture (and of its class), (N, 1)."""
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
            helper.make_node("MatMul", ["flat", "w"], ["of_picture"]),
            helper.make_node("MatMul", ["classes", "v"], ["of_class"]),
            helper.make_node("Add", ["of_picture", "of_class"], [output]),
        ]
    else:
        nodes.append(helper.make_node("MatMul", ["flat", "w"], [output]))
    return _model(nodes, inputs, {output: ["N", 1]}, weights)


_ANY = ["N", 3, "H", "W"]


def affine_graph(scale: float, shift: float) -> bytes:
    """scale x + shift, of pictures of any size: the inverse of another such graph."""
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
    return _model(nodes, {"images": _ANY}, {"translated": _ANY}, weights)


def stylising_graph(width: int = 8, seed: int = 0, strength: float = 0.3) -> bytes:
    """A small translator like a real one: reflection, convolutions, instance normalisation, tanh.

    What instance normalisation does depends on the whole picture, so that tiles come out in other colours.
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


def encoder_graph(channels: int = 1, seed: int = 2) -> bytes:
    """A linear map of a picture to a latent, (N, Z_DIM)."""
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
    return _model(nodes, {"images": ["N", channels, SIDE, SIDE]}, {"latents": ["N", Z_DIM]}, weights)


def _network(file: str, raw: bytes) -> Network:
    session = Session(raw, threads=1)
    inputs, outputs = (
        tuple(manifest.Tensor(name=name, shape=tuple(shape)) for name, shape in part.items())
        for part in (session.inputs, session.outputs)
    )
    return Network(file=file, sha256=manifest.sha256(raw), inputs=inputs, outputs=outputs, parameters=1)


def _pack(values: NDArray[np.float32]) -> Array:
    return Array.pack("float32", values.shape, values.astype("<f4").tobytes())


def write_package(
    models: Path,
    name: str = "tiny",
    version: int = 1,
    *,
    channels: int = 1,
    conditional: bool = False,
    distribution: manifest.Distribution = "normal",
    discriminator: str | None = "logits",
    encoder: bool = False,
    directions: Mapping[str, NDArray[np.float32]] | None = None,
    seed: int = 0,
    generator: bytes | None = None,
    **overrides: Any,
) -> Path:
    """A whole, valid model package over tiny graphs.

    Args:
        models: folder of all packages.
        name: of the model.
        version: of the model.
        channels: of its pictures, 1 or 3.
        conditional: whether it has the classes CLASSES.
        distribution: of its latents.
        discriminator: name of its output, `logits` or `scores`; None leaves it out.
        encoder: whether it has one.
        directions: named directions, (Z_DIM,) each.
        seed: of the weights.
        generator: another graph without classes; give `discriminator=None` where its pictures are of another size.
        **overrides: fields of the manifest to replace.

    Returns:
        The package's folder.
    """
    folder = models / name / str(version)
    folder.mkdir(parents=True)
    n_classes = N_CLASSES if conditional else 0
    files = {"generator": generator or generator_graph(channels, n_classes, seed)}
    drawing = Session(files["generator"], threads=1)
    (_, z_dim), (_, channels, height, width) = drawing.inputs["latents"], drawing.outputs["images"]
    if discriminator:
        files["discriminator"] = discriminator_graph(channels, discriminator, n_classes, seed + 1)
    if encoder:
        files["encoder"] = encoder_graph(channels)
    for network, raw in files.items():
        (folder / f"{network}.onnx").write_bytes(raw)
    fed = {"latents": np.random.default_rng(7).normal(0, 1, (2, z_dim)).astype(np.float32)}
    if conditional:
        fed["classes"] = np.eye(N_CLASSES, dtype=np.float32)[:2]
    drawn = codecs.to_uint8(drawing.run(fed))
    (folder / "preview.png").write_bytes(codecs.encode(codecs.grid(drawn, 2), "png"))
    golden = Golden(
        inputs={key: _pack(values) for key, values in fed.items()},
        images=Array.pack("uint8", drawn.shape, drawn.tobytes()),
    )
    fields: dict[str, Any] = {
        "schema_version": manifest.SCHEMA_VERSION,
        "name": name,
        "version": version,
        "task": "generate",
        "method": "wgan" if discriminator == "scores" else "gan",
        "description": "A tiny generator for tests.",
        "licence": "Apache-2.0",
        "data": manifest.Data(name="Noise", source="made in code", terms="none", images=1),
        "training": manifest.Training(recipe="none", config={}, seed=0, images_seen=0, device="none"),
        "metrics": (),
        "networks": {key: _network(f"{key}.onnx", raw) for key, raw in files.items()},
        "image": manifest.Image(height=height, width=width, channels=channels),
        "latent": manifest.Latent(dim=z_dim, distribution=distribution),
        "classes": CLASSES if conditional else None,
        "directions": tuple(
            Direction(name=key, description=key, vector=_pack(values)) for key, values in (directions or {}).items()
        ),
        "preview": "preview.png",
        "goldens": (golden,),
    }
    described = Manifest.model_validate(fields | overrides)
    (folder / manifest.FILE_NAME).write_text(described.model_dump_json())
    return folder


def write_translator(
    models: Path,
    name: str,
    graph: bytes,
    version: int = 1,
    *,
    multiple: int = 1,
    inverse: str | None = None,
    side: int = 32,
    **overrides: Any,
) -> Path:
    """A whole, valid package of a translator.

    Args:
        models: folder of all packages.
        name: of the model.
        graph: from pictures to pictures.
        version: of the model.
        multiple: of the sides that the graph takes, in px.
        inverse: name of the model that leads back.
        side: of the pictures that it was trained on, in px.
        **overrides: fields of the manifest to replace.

    Returns:
        The package's folder.
    """
    folder = models / name / str(version)
    folder.mkdir(parents=True)
    (folder / "generator.onnx").write_bytes(graph)
    rng = np.random.default_rng(5)
    given = rng.uniform(-1, 1, (1, 3, side, side)).astype(np.float32)
    drawn = codecs.to_uint8(Session(graph, threads=1).run({"images": given}))
    (folder / "preview.png").write_bytes(codecs.encode(drawn[0], "png"))
    fields: dict[str, Any] = {
        "schema_version": manifest.SCHEMA_VERSION,
        "name": name,
        "version": version,
        "task": "translate",
        "method": "cyclegan",
        "description": "A tiny translator for tests.",
        "licence": "Apache-2.0",
        "data": manifest.Data(name="Noise", source="made in code", terms="none", images=1),
        "training": manifest.Training(recipe="none", config={}, seed=0, images_seen=0, device="none"),
        "metrics": (),
        "networks": {"generator": _network("generator.onnx", graph)},
        "image": manifest.Image(height=side, width=side, channels=3),
        "translation": manifest.Translation(source="days", target="nights", inverse=inverse, multiple=multiple),
        "preview": "preview.png",
        "goldens": (Golden(inputs={"images": _pack(given)}, images=Array.pack("uint8", drawn.shape, drawn.tobytes())),),
    }
    described = Manifest.model_validate(fields | overrides)
    (folder / manifest.FILE_NAME).write_text(described.model_dump_json())
    return folder


def rewrite_manifest(package: Path, **fields: Any) -> None:
    """Replaces fields of a package's manifest, without any check."""
    path = package / manifest.FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def pixels(raw: bytes) -> NDArray[np.uint8]:
    """What a file's picture shows: (H, W) or (H, W, C)."""
    with Image.open(io.BytesIO(raw)) as image:
        return np.asarray(image)


def same_pixels(one: bytes, other: bytes) -> bool:
    """Whether two files show the same, whatever they say about where it came from."""
    return np.array_equal(pixels(one), pixels(other))


def digest(value: Any) -> str:
    """A hash of nested dicts, lists, tensors, arrays and plain values: equal where every bit is equal."""
    if isinstance(value, dict):
        value = sorted((str(key), digest(item)) for key, item in value.items())
    elif isinstance(value, list | tuple):
        value = [digest(item) for item in value]
    elif hasattr(value, "detach"):
        value = digest(value.detach().cpu().numpy())
    elif isinstance(value, np.ndarray):
        value = (str(value.dtype), value.shape, value.tobytes())
    return hashlib.sha256(repr(value).encode()).hexdigest()
