"""Verification of a loaded package: the reference images (goldens) must be reproduced, and each network must run."""

from dataclasses import dataclass
from itertools import product
from math import inf, log10

import numpy as np

from service.errors import EngineError, NotFinite, PackageError, UnfitEngine
from service.imaging.pixels import Floats, Pixels, to_uint8
from service.inference.engine import EngineSpec
from service.inference.session import Session
from service.repository.manifest import Array, Golden, Network


@dataclass(frozen=True)
class Tolerance:
    """How far an output may be from a reference image.

    Attributes:
        max_levels: of 255, for engines that compute in float32.
        max_share: of the values that may differ at all, likewise.
        min_psnr_db: for engines of a lower precision.
    """

    max_levels: int = 1
    max_share: float = 1e-3
    min_psnr_db: float = 45.0


TOLERANCE = Tolerance()


def verify_goldens(session: Session, goldens: tuple[Golden, ...], tolerance: Tolerance = TOLERANCE) -> None:
    """Check that a network reproduces its reference images. This also warms it up.

    Raises:
        UnfitEngine: a golden cannot be run, or differs by more than the precision of the engine allows.
    """
    # For batches that run beside others, a network may have a session of its own: each is verified.
    modes = (True,) if session.copies == 1 else (True, False)
    for (index, golden), alone in product(enumerate(goldens), modes):
        try:
            inputs = {name: float_array(array) for name, array in golden.inputs.items()}
            expected = np.frombuffer(golden.images.unpack(), np.uint8).reshape(golden.images.shape)
            output = to_uint8(session.run(inputs, alone))
        except (EngineError, NotFinite, ValueError) as error:
            raise UnfitEngine(f"golden {index} cannot be run: {error}") from error
        if output.shape != expected.shape:
            raise UnfitEngine(f"golden {index} has shape {output.shape}, not {expected.shape}")
        _compare(index, output, expected, session.spec, tolerance)


def verify_reader(session: Session, network: Network, width: int) -> None:
    """Run a discriminator or an encoder once on zeros.

    Args:
        session: the network.
        network: its entry in the manifest.
        width: of its output, (N, width).

    Raises:
        PackageError: it cannot be run, or its output has another shape.
    """
    zeros = {
        tensor.name: np.zeros([size if isinstance(size, int) else 1 for size in tensor.shape], np.float32)
        for tensor in network.inputs
    }
    try:
        output = session.run(zeros)
    except EngineError as error:
        raise PackageError(f"{network.file} cannot be run: {error}") from error
    if output.shape != (1, width):
        raise PackageError(f"{network.file} has an output of shape {output.shape}, not {width} numbers per image")


def float_array(array: Array) -> Floats:
    """A manifest's float32 array."""
    return np.frombuffer(array.unpack(), "<f4").astype(np.float32).reshape(array.shape)


def _compare(index: int, output: Pixels, expected: Pixels, spec: EngineSpec, tolerance: Tolerance) -> None:
    levels = np.abs(output.astype(np.int16) - expected)
    if spec.precision == "float32":
        share = float(np.mean(levels > 0))
        if levels.max() > tolerance.max_levels or share > tolerance.max_share:
            raise UnfitEngine(
                f"golden {index} is not reproduced: {share:.2%} of its values differ, by up to {levels.max()} levels"
            )
        return
    error = float(np.mean(np.square(levels, dtype=np.float64)))
    psnr_db = 10.0 * log10(255.0**2 / error) if error else inf
    if psnr_db < tolerance.min_psnr_db:
        raise UnfitEngine(
            f"golden {index} is not reproduced: in {spec.precision} its PSNR is {psnr_db:.1f} dB, below "
            f"{tolerance.min_psnr_db:g}; with GANVAS_PRECISION=auto it runs in float32"
        )
