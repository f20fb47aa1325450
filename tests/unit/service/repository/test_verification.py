from types import SimpleNamespace

import numpy as np
import pytest

from service.errors import PackageError
from service.imaging.pixels import to_uint8
from service.inference.engine import ONNXRUNTIME, EngineSpec
from service.repository.manifest import Array, Golden
from service.repository.verification import verify_goldens

LOWER = EngineSpec("openvino-cpu", "bfloat16", (1,))
EXPECTED = np.full((1, 1, 40, 40), 100, np.uint8)


def golden() -> Golden:
    latents = np.zeros((1, 2), "<f4")
    return Golden(
        inputs={"latents": Array.pack("float32", latents.shape, latents.tobytes())},
        images=Array.pack("uint8", to_uint8(generated()).shape, to_uint8(generated()).tobytes()),
    )


def generated(levels: int = 0, share: float = 1.0):
    """An image whose values differ by so many levels in a share of them."""
    pixels = EXPECTED.astype(np.float32)
    pixels.reshape(-1)[: round(share * pixels.size)] += levels
    return pixels / 127.5 - 1


def session(image, spec):
    return SimpleNamespace(run=lambda _inputs, _alone: image, spec=spec, copies=1)


@pytest.mark.parametrize(
    ("spec", "levels", "share"),
    [(ONNXRUNTIME, 0, 1), (ONNXRUNTIME, 1, 0.0007), (LOWER, 1, 1), (LOWER, 4, 0.1)],
)
def test_goldens_are_reproduced_within_the_tolerance_of_the_precision(spec, levels, share):
    verify_goldens(session(generated(levels, share), spec), (golden(),))


@pytest.mark.parametrize(
    ("spec", "levels", "share", "says"),
    [
        (ONNXRUNTIME, 1, 0.01, "1.00% of its values differ"),
        (ONNXRUNTIME, 2, 0.0007, "by up to 2 levels"),
        (LOWER, 2, 1, r"in bfloat16 its PSNR is 42.1 dB, below 45; with GANVAS_PRECISION=auto"),
    ],
)
def test_goldens_that_are_too_far_off_break_the_package(spec, levels, share, says):
    with pytest.raises(PackageError, match=says):
        verify_goldens(session(generated(levels, share), spec), (golden(),))
