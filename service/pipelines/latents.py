"""Latents: draw, lerp, slerp, mean, combine, and their text form. Pure NumPy.

A latent is a float32 vector of z_dim numbers. Everything is computed in float64 and rounded once at the end. Knows
nothing about models, images or HTTP.

The image of a seed must never change, so this project computes the latent of a seed itself: NumPy guarantees the words
of Philox to be stable, but not its normal sampler.

References:
    Philox4x64-10: J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
    G. Box and M. Muller, "A Note on the Generation of Random Normal Deviates", 1958.
    K. Shoemake, "Animating Rotation with Quaternion Curves", SIGGRAPH 1985 (slerp).
"""

import base64
import binascii
import secrets
import threading
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.errors import Invalid

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Distribution = Literal["normal", "uniform"]

SEED_LIMIT = 2**63
"""Seeds are 0 ... SEED_LIMIT - 1."""
_RANDOM_SEED_LIMIT = 2**53  # random seeds stay in what a JavaScript number holds exactly

# One key, one stream: the second word of Philox's key names the purpose of the numbers, so that a model with classes
# and one without get the same latents.
_STREAM_LATENT, _STREAM_CLASS, _STREAM_JITTER = 0, 1, 2

_MIN_NORM = 1e-12
_MIN_SINE = 1e-6  # below this the angle between two directions is 0 or pi to float32's precision


def random_seed() -> int:
    """A fresh seed, 0 ... 2^53 - 1, from the system's entropy."""
    return secrets.randbelow(_RANDOM_SEED_LIMIT)


def _uniforms(seed: int, stream: int, count: int) -> Doubles:
    """(count,) float64 in [0, 1): the upper 53 bits of Philox's words."""
    words = _philox.words(seed, stream, count)
    uniforms: Doubles = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return uniforms


class _Philox(threading.local):
    """One generator per thread, which gets a new key each time: creating one takes longer than its numbers."""

    def __init__(self) -> None:
        self._generator = np.random.Philox(0)
        self._state = self._generator.state | {
            "buffer": np.zeros(4, np.uint64),
            "buffer_pos": 4,  # empty, so that the next number starts a new block
            "has_uint32": 0,
            "uinteger": 0,
        }
        self._inner = self._state["state"] = {"counter": np.zeros(4, np.uint64), "key": np.zeros(2, np.uint64)}

    def words(self, seed: int, stream: int, count: int) -> NDArray[np.uint64]:
        """(count,) words of the stream with the key (seed, stream), from its beginning."""
        self._inner["key"][0], self._inner["key"][1] = seed, stream
        self._generator.state = self._state
        return self._generator.random_raw(count)


_philox = _Philox()


def draw(seed: int, dim: int, distribution: Distribution) -> Floats:
    """The latent of a seed, before truncation.

    Args:
        seed: 0 ... 2^63 - 1.
        dim: z_dim.
        distribution: `normal` for N(0, 1) by Box and Muller, `uniform` for U(-1, 1).

    Returns:
        (dim,) float32.
    """
    if distribution == "uniform":
        return (2.0 * _uniforms(seed, _STREAM_LATENT, dim) - 1.0).astype(np.float32)
    pairs = (dim + 1) // 2
    uniforms = _uniforms(seed, _STREAM_LATENT, 2 * pairs)
    radius = np.sqrt(-2.0 * np.log(1.0 - uniforms[0::2]))  # 1 - u is in (0, 1], where the logarithm is finite
    angle = 2.0 * np.pi * uniforms[1::2]
    normals = np.empty(2 * pairs, np.float32)
    normals[0::2], normals[1::2] = radius * np.cos(angle), radius * np.sin(angle)
    return normals[:dim]


def draw_class(seed: int, n_classes: int) -> int:
    """The class of a seed, 0 ... n_classes - 1, for a conditional model if the request names no class."""
    return int(_uniforms(seed, _STREAM_CLASS, 1)[0] * n_classes)


def jitter(seed: int, count: int, dim: int, width: float) -> Doubles:
    """(count, dim) uniform in +-width: the variations of DCGAN's arithmetic."""
    return ((2.0 * _uniforms(seed, _STREAM_JITTER, count * dim) - 1.0) * width).reshape(count, dim)


def lerp(start: Floats, end: Floats, shares: Sequence[float]) -> Floats:
    """Latents on the straight line.

    Args:
        start: (dim,), at share 0.
        end: (dim,), at share 1.
        shares: K numbers in [0, 1].

    Returns:
        (K, dim) float32; both ends are exact.
    """
    t = np.asarray(shares, np.float64)[:, None]
    points: Doubles = (1.0 - t) * start.astype(np.float64) + t * end.astype(np.float64)
    return points.astype(np.float32)


def slerp(start: Floats, end: Floats, shares: Sequence[float]) -> Floats:
    """Latents on the great circle: the direction turns evenly, the norm is blended linearly.

    Args and returns as for `lerp`.

    Raises:
        Invalid: an end is zero and has no direction, the ends point opposite ways, so that no circle is defined, or a
            latent between them leaves float32's range.
    """
    a, b = start.astype(np.float64), end.astype(np.float64)
    # Scaled by the largest entry first, so that the squares of huge values stay finite.
    scale_a, scale_b = np.abs(a).max(), np.abs(b).max()
    if min(scale_a, scale_b) < _MIN_NORM:
        raise Invalid("slerp needs a direction, but a latent is zero; use method lerp")
    norm_a, norm_b = scale_a * np.linalg.norm(a / scale_a), scale_b * np.linalg.norm(b / scale_b)
    unit_a, unit_b = a / norm_a, b / norm_b
    # atan2 of the difference's and the sum's norms is exact for small angles too, unlike arccos of the product.
    angle = 2.0 * np.arctan2(np.linalg.norm(unit_a - unit_b), np.linalg.norm(unit_a + unit_b))
    sine = np.sin(angle)
    t = np.asarray(shares, np.float64)[:, None]
    if sine < _MIN_SINE and angle > np.pi / 2:
        raise Invalid("slerp is undefined between latents that point opposite ways; use method lerp")
    if sine < _MIN_SINE:
        return lerp(start, end, shares)
    direction = (np.sin((1.0 - t) * angle) * unit_a + np.sin(t * angle) * unit_b) / sine
    points = finite(((1.0 - t) * norm_a + t * norm_b) * direction)
    points[t[:, 0] == 0.0], points[t[:, 0] == 1.0] = start, end  # the ends are exactly what the client sent
    return points


def mean(latents: Sequence[Floats]) -> Floats:
    """(dim,) float32: the mean of one latent or more."""
    return finite(np.mean(np.stack(latents), axis=0, dtype=np.float64))


def combine(terms: Sequence[tuple[float, Floats]]) -> Doubles:
    """(dim,) float64: the sum of weight x latent, before it is rounded; nothing is renormalised."""
    total: Doubles = np.sum([weight * latent.astype(np.float64) for weight, latent in terms], axis=0)
    return total


def finite(values: Doubles) -> Floats:
    """Round to float32.

    Raises:
        Invalid: a value leaves float32's range.
    """
    if not np.all(np.abs(values) <= np.finfo(np.float32).max):  # also false for NaN
        raise Invalid("a latent's value is beyond float32's range")
    return values.astype(np.float32)


def to_token(latent: Floats) -> str:
    """base64url of the latent's little-endian float32 bytes, without padding."""
    return base64.urlsafe_b64encode(latent.astype("<f4").tobytes()).rstrip(b"=").decode()


def from_token(token: str, dim: int) -> Floats:
    """The latent of a token of `to_token`, to the bit. Padding is optional.

    Raises:
        Invalid: not base64url, of the wrong length, or with a value that is not finite.
    """
    try:
        text = token.rstrip("=").encode("ascii")
        raw = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Invalid("a token must be base64url text as this service returns it") from error
    if len(raw) != 4 * dim:
        raise Invalid(f"a token of this model has {4 * dim} bytes, but this one has {len(raw)}")
    latent = np.frombuffer(raw, "<f4").astype(np.float32)
    if not np.isfinite(latent).all():
        raise Invalid("a token holds a value that is not finite")
    return latent
