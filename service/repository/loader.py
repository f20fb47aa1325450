"""Open one model package: manifest, digests, networks. What it returns has been verified.

Knows nothing about the folder of all packages, nor about HTTP.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from service.errors import PackageError, UnfitEngine
from service.inference.engine import ONNXRUNTIME, EngineSpec, ExecutionConfig, for_any_size
from service.inference.session import Session
from service.repository import manifest
from service.repository.loaded_model import LoadedModel
from service.repository.manifest import Manifest, Network, NetworkName
from service.repository.verification import verify_goldens, verify_reader
from service.telemetry.metrics import Metrics

_MAX_MANIFEST_BYTES = 8_388_608
_MAX_SMALL_VALUES = 4096  # per image: networks of at most this size always run with ONNX Runtime on the CPU
_log = logging.getLogger(__name__)


def open_package(
    folder: Path, execution: ExecutionConfig, metrics: Metrics, max_small_values: int = _MAX_SMALL_VALUES
) -> LoadedModel:
    """Read and verify a package; the model is ready to `start`.

    Args:
        folder: `<name>/<version>/`.
        execution: how to run its networks. If its engine does not reproduce the goldens, its fallbacks are tried.
        metrics: records the size of each batch.
        max_small_values: generators of images with at most so many values run on the CPU in float32.

    Raises:
        PackageError: a part is missing, a digest differs, or a golden is not reproduced.
    """
    described = read_manifest(folder)
    is_small = _is_small(described, max_small_values)
    while True:
        load = partial(_open_networks, folder, described, execution, is_small)
        try:
            sessions = load()
            verify_goldens(sessions["generator"], described.goldens)
            break
        except UnfitEngine as error:
            fallback = execution.spec.fallback
            if fallback is None or _spec(described, execution, is_small) == ONNXRUNTIME:
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
            execution = replace(execution, spec=fallback)
    if "discriminator" in sessions:
        verify_reader(sessions["discriminator"], described.networks["discriminator"], 1)
    if "encoder" in sessions and described.latent is not None:
        verify_reader(sessions["encoder"], described.networks["encoder"], described.latent.dim)
    # Weights may be stored in fewer bits than the float32 that they are computed in.
    n_bytes = sum(
        sessions[name].copies * max(4 * network.parameters, (folder / network.file).stat().st_size)
        for name, network in described.networks.items()
    )
    preview = _read(folder, described.preview)
    return LoadedModel(described, preview, sessions, load, execution, metrics, n_bytes)


def _open_networks(
    folder: Path, described: Manifest, execution: ExecutionConfig, is_small: bool
) -> dict[NetworkName, Session]:
    spec, any_size = _spec(described, execution, is_small), described.task == "translate"
    threads = 1 if is_small else execution.threads  # waking a second thread takes longer than its half of the work
    # Goldens verify the generator only, so that the others are computed in float32.
    return {
        name: _open_network(
            folder, net, threads, any_size, spec if name == "generator" else ONNXRUNTIME, execution.shared_threads
        )
        for name, net in described.networks.items()
    }


def _spec(described: Manifest, execution: ExecutionConfig, is_small: bool) -> EngineSpec:
    """The engine of the generator."""
    if described.task == "translate":
        return for_any_size(execution.spec)
    return ONNXRUNTIME if is_small else execution.spec  # ONNX Runtime is the fastest for batches of small networks


def _is_small(described: Manifest, max_values: int) -> bool:
    size = described.image
    return described.task == "generate" and size.height * size.width * size.channels <= max_values


def read_manifest(folder: Path) -> Manifest:
    """Read a package's manifest and check it against the names of its folders.

    Raises:
        PackageError: it is missing or invalid, or it names another model.
    """
    _check_packaged(folder)
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


def _check_packaged(folder: Path) -> None:
    """Names the command that packages a network without a manifest.

    Raises:
        PackageError: the folder has a network, but no manifest.
    """
    if (folder / manifest.FILE_NAME).exists() or not folder.is_dir():
        return
    networks = sorted(file.name for file in folder.iterdir() if file.name.endswith(manifest.NETWORK_SUFFIXES))
    if networks:
        raise PackageError(
            f"there is no {manifest.FILE_NAME}; make a package of {networks[0]} elsewhere: "
            f"python -m training import {networks[0]} --name {folder.parent.name}"
        )


def _open_network(
    folder: Path, network: Network, threads: int, any_size: bool, spec: EngineSpec, shared_threads: int
) -> Session:
    raw = _read(folder, network.file)
    digest = manifest.sha256(raw)
    if digest != network.sha256:
        raise PackageError(f"{network.file} has digest {digest[:12]}..., but the manifest has {network.sha256[:12]}...")
    session = Session(raw, threads, any_size, spec, min(threads, shared_threads))
    for tensors, actual, side in (
        (network.inputs, session.inputs, "inputs"),
        (network.outputs, session.outputs, "outputs"),
    ):
        expected = {tensor.name: _fixed(tensor.shape) for tensor in tensors}
        if expected != {name: _fixed(shape) for name, shape in actual.items()}:
            raise PackageError(f"{network.file} has the {side} {actual}, but the manifest has {expected}")
    return session


def _fixed(shape: Sequence[object]) -> list[object]:
    """A shape with None for each dynamic axis, whatever its name."""
    return [size if isinstance(size, int) else None for size in shape]


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise PackageError(f"{name} cannot be read: {error.strerror}") from error
