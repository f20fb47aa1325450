from types import SimpleNamespace

import numpy as np
import pytest

from service import images
from service.engines import ONNXRUNTIME, Kind
from service.errors import PackageError
from service.manifest import Array, Golden
from service.package import prove

LOWER = Kind("openvino-cpu", "bfloat16", 1)
EXPECTED = np.full((1, 1, 40, 40), 100, np.uint8)


def golden() -> Golden:
    latents = np.zeros((1, 2), "<f4")
    return Golden(
        inputs={"latents": Array.pack("float32", latents.shape, latents.tobytes())},
        images=Array.pack("uint8", images.to_uint8(drawn()).shape, images.to_uint8(drawn()).tobytes()),
    )


def drawn(levels: int = 0, share: float = 1.0):
    """A picture that is off by so many levels in a share of its values."""
    pixels = EXPECTED.astype(np.float32)
    pixels.reshape(-1)[: round(share * pixels.size)] += levels
    return pixels / 127.5 - 1


def session(picture, kind):
    return SimpleNamespace(run=lambda _inputs: picture, kind=kind)


@pytest.mark.parametrize(
    ("kind", "levels", "share"),
    [(ONNXRUNTIME, 0, 1), (ONNXRUNTIME, 1, 0.0007), (LOWER, 1, 1), (LOWER, 4, 0.1)],
)
def test_goldens_come_out_within_the_precision_s_tolerance(kind, levels, share):
    prove(session(drawn(levels, share), kind), (golden(),))


@pytest.mark.parametrize(
    ("kind", "levels", "share", "says"),
    [
        (ONNXRUNTIME, 1, 0.01, "1.00% of its values differ"),
        (ONNXRUNTIME, 2, 0.0007, "by up to 2 levels"),
        (LOWER, 2, 1, r"in bfloat16 it has 42.1 dB, below 45; GANVAS_PRECISION=float32"),
    ],
)
def test_goldens_that_are_too_far_off_break_the_package(kind, levels, share, says):
    with pytest.raises(PackageError, match=says):
        prove(session(drawn(levels, share), kind), (golden(),))
