"""Opens one model package: manifest, digests, networks, goldens. What it returns has been proven.

Knows nothing about the folder of all packages, nor about HTTP.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from math import inf, log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from service.errors import EngineError, NotFinite, PackageError, UnfitEngine
from service.imaging.pixels import Pixels, to_uint8
from service.inference.engine import ONNXRUNTIME, EngineSpec, ExecutionConfig, for_any_size
from service.inference.session import Session
from service.repository import manifest
from service.repository.loaded_model import LoadedModel
from service.repository.manifest import Array, Golden, Manifest, Network, NetworkName
from service.telemetry.metrics import Metrics

Floats = NDArray[np.float32]

_MAX_MANIFEST_BYTES = 8_388_608
_FEW_VALUES = 4096  # of a picture that a small network draws
_GOLDEN_MAX_LEVELS = 1  # of 255; float32 engines
_GOLDEN_MAX_SHARE = 1e-3  # of the values may differ at all
_GOLDEN_LEAST_DB = 45.0  # engines of a lower precision
_log = logging.getLogger(__name__)


def open_package(folder: Path, engine: ExecutionConfig, metrics: Metrics) -> LoadedModel:
    """Reads a package, proves it, and makes it ready to `start`.

    Args:
        folder: `<name>/<version>/`.
        engine: how to run its networks.
        metrics: told the size of each batch.

    Raises:
        PackageError: a part is missing, its digest differs, or a golden does not come out.
    """
    described = read_manifest(folder)
    load = partial(_open_networks, folder, described, engine)
    try:
        sessions = load()
        prove(sessions["generator"], described.goldens)
    except UnfitEngine as error:
        fallback = engine.spec.fallback
        if fallback is None or _spec(described, engine) == ONNXRUNTIME:
            raise
        _log.warning(
            "model is opened in another engine or precision",
            extra={
                "model": f"{described.name}@{described.version}",
                "reason": str(error),
                "engine": fallback.engine,
                "precision": fallback.precision,
            },
        )
        return open_package(folder, replace(engine, spec=fallback), metrics)
    if "discriminator" in sessions:
        _prove_reader(sessions["discriminator"], described.networks["discriminator"], 1)
    if "encoder" in sessions and described.latent is not None:
        _prove_reader(sessions["encoder"], described.networks["encoder"], described.latent.dim)
    # Weights may be stored in less than the float32 that they are computed in.
    n_bytes = sum(
        sessions[name].copies * max(4 * network.parameters, (folder / network.file).stat().st_size)
        for name, network in described.networks.items()
    )
    preview = _read(folder, described.preview)
    return LoadedModel(described, preview, sessions, load, engine, metrics, n_bytes)


def _open_networks(folder: Path, described: Manifest, engine: ExecutionConfig) -> dict[NetworkName, Session]:
    spec, any_size = _spec(described, engine), described.task == "translate"
    threads = 1 if _is_small(described) else engine.threads  # to wake a second takes longer than its half of the work
    # Goldens prove the network that draws alone, so that the others are not computed in less than float32.
    return {
        name: _open_network(
            folder, net, threads, any_size, spec if name == "generator" else ONNXRUNTIME, engine.shared_threads
        )
        for name, net in described.networks.items()
    }


def _spec(described: Manifest, engine: ExecutionConfig) -> EngineSpec:
    """Of the network that draws."""
    if described.task == "translate":
        return for_any_size(engine.spec)
    return ONNXRUNTIME if _is_small(described) else engine.spec  # its batches of small networks are the quickest


def _is_small(described: Manifest) -> bool:
    size = described.image
    return described.task == "generate" and size.height * size.width * size.channels <= _FEW_VALUES


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a package, checked against the folder that it lies in.

    Raises:
        PackageError: there is none, it is not valid, or it names another model.
    """
    raw = _read(folder, manifest.FILE_NAME)
    if len(raw) > _MAX_MANIFEST_BYTES:
        raise PackageError(f"{manifest.FILE_NAME} is larger than {_MAX_MANIFEST_BYTES} bytes")
    try:
        described = Manifest.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise PackageError(f"{manifest.FILE_NAME} is not valid: {where}: {first['msg']}") from error
    if (described.name, str(described.version)) != (folder.parent.name, folder.name):
        raise PackageError(
            f"{manifest.FILE_NAME} is of {described.name}/{described.version}, "
            f"but the folder is {folder.parent.name}/{folder.name}"
        )
    return described


def prove(session: Session, goldens: tuple[Golden, ...]) -> None:
    """Runs the goldens, which warms the network up as well.

    Raises:
        UnfitEngine: a picture cannot be drawn, or differs by more than an engine of this precision may.
    """
    # Beside others a network may have a session of its own: each is proven and warmed up.
    ways = (True,) if session.copies == 1 else (True, False)
    for (index, golden), alone in product(enumerate(goldens), ways):
        try:
            inputs = {name: float_array(array) for name, array in golden.inputs.items()}
            expected = _uint8_array(golden.images)
            drawn = to_uint8(session.run(inputs, alone))
        except (EngineError, NotFinite, ValueError) as error:
            raise UnfitEngine(f"golden {index} cannot be run: {error}") from error
        if drawn.shape != expected.shape:
            raise UnfitEngine(f"golden {index} came out with shape {drawn.shape}, not {expected.shape}")
        _compare(index, drawn, expected, session.spec)


def _compare(index: int, drawn: Pixels, expected: Pixels, spec: EngineSpec) -> None:
    levels = np.abs(drawn.astype(np.int16) - expected)
    if spec.precision == "float32":
        share = float(np.mean(levels > 0))
        if levels.max() > _GOLDEN_MAX_LEVELS or share > _GOLDEN_MAX_SHARE:
            raise UnfitEngine(
                f"golden {index} did not come out: {share:.2%} of its values differ, by up to {levels.max()} levels"
            )
        return
    error = float(np.mean(np.square(levels, dtype=np.float64)))
    quality = 10.0 * log10(255.0**2 / error) if error else inf
    if quality < _GOLDEN_LEAST_DB:
        raise UnfitEngine(
            f"golden {index} did not come out: in {spec.precision} it has {quality:.1f} dB, below "
            f"{_GOLDEN_LEAST_DB:g}; GANVAS_PRECISION=auto goes back to float32 for it"
        )


def _open_network(
    folder: Path, network: Network, threads: int, any_size: bool, spec: EngineSpec, shared_threads: int
) -> Session:
    raw = _read(folder, network.file)
    digest = manifest.sha256(raw)
    if digest != network.sha256:
        raise PackageError(
            f"{network.file} has digest {digest[:12]}..., but the manifest says {network.sha256[:12]}..."
        )
    session = Session(raw, threads, any_size, spec, min(threads, shared_threads))
    for tensors, found, side in (
        (network.inputs, session.inputs, "inputs"),
        (network.outputs, session.outputs, "outputs"),
    ):
        said = {tensor.name: _fixed(tensor.shape) for tensor in tensors}
        if said != {name: _fixed(shape) for name, shape in found.items()}:
            raise PackageError(f"{network.file} has the {side} {found}, but the manifest says {said}")
    return session


def _fixed(shape: Sequence[object]) -> list[object]:
    """A shape with None for each dynamic axis, whatever it is called."""
    return [size if isinstance(size, int) else None for size in shape]


def _prove_reader(session: Session, network: Network, width: int) -> None:
    """Runs a network that reads pictures once on zeros: it must answer so many numbers a picture.

    Raises:
        PackageError: it cannot be run, or answers otherwise.
    """
    zeros = {
        tensor.name: np.zeros([size if isinstance(size, int) else 1 for size in tensor.shape], np.float32)
        for tensor in network.inputs
    }
    try:
        answered = session.run(zeros)
    except EngineError as error:
        raise PackageError(f"{network.file} cannot be run: {error}") from error
    if answered.shape != (1, width):
        raise PackageError(f"{network.file} answers with shape {answered.shape}, not {width} numbers a picture")


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise PackageError(f"{name} cannot be read: {error.strerror}") from error


def float_array(array: Array) -> Floats:
    """A manifest's float32 array."""
    return np.frombuffer(array.unpack(), "<f4").astype(np.float32).reshape(array.shape)


def _uint8_array(array: Array) -> Pixels:
    return np.frombuffer(array.unpack(), np.uint8).reshape(array.shape)
