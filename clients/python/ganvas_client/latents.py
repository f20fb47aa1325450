"""Latents as values: given by a seed, vector, token or mean, and combined into weighted sums.

    (mean(seed(1), seed(2), seed(3)) - seed(4) + 2 * direction("smile"))

is a `Sum` for `Client.arithmetic`. `Client.sample` and `Client.interpolate` take latents that are not sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, overload

Class = int | str | Mapping[str, float]
"""A class of a conditional model: an index, a name, or names with weights that add up to 1."""

Json = dict[str, Any]


class _Summand:
    """Base class with the operators of sums."""

    def _sum(self) -> Sum:
        raise NotImplementedError

    def __add__(self, other: Summand) -> Sum:
        if not isinstance(other, _Summand):
            return NotImplemented
        ours, theirs = self._sum(), other._sum()
        return Sum(ours.terms + theirs.terms, ours.directions + theirs.directions)

    def __sub__(self, other: Summand) -> Sum:
        if not isinstance(other, _Summand):
            return NotImplemented
        return self + -1.0 * other

    def __mul__(self, weight: float) -> Sum:
        if not isinstance(weight, int | float):
            return NotImplemented
        ours = self._sum()
        return Sum(
            tuple((weight * own, latent) for own, latent in ours.terms),
            tuple((weight * own, name) for own, name in ours.directions),
        )

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Sum:
        if not isinstance(divisor, int | float):
            return NotImplemented
        return self * (1.0 / divisor)

    def __neg__(self) -> Sum:
        return self * -1.0


@dataclass(frozen=True)
class Latent(_Summand):
    """A point in latent space; create it with `seed`, `vector`, `token` or `mean`."""

    class_: int | str | tuple[tuple[str, float], ...] | None = None

    def json(self) -> Json:
        """The JSON of the latent in a request."""
        class_ = dict(self.class_) if isinstance(self.class_, tuple) else self.class_
        return self._json() | ({} if class_ is None else {"class": class_})

    def _json(self) -> Json:
        raise NotImplementedError

    def _sum(self) -> Sum:
        return Sum(((1.0, self),))


@dataclass(frozen=True)
class Seed(Latent):
    """The latent of a seed."""

    seed: int = 0

    def _json(self) -> Json:
        return {"seed": self.seed}


@dataclass(frozen=True)
class Vector(Latent):
    """A latent given by its values."""

    values: tuple[float, ...] = ()

    def _json(self) -> Json:
        return {"vector": list(self.values)}


@dataclass(frozen=True)
class Token(Latent):
    """A latent as an exact token from a response of the service."""

    text: str = ""

    def _json(self) -> Json:
        return {"token": self.text}


@dataclass(frozen=True)
class Mean(Latent):
    """The mean of latents and of their classes."""

    parts: tuple[Latent, ...] = ()

    def _json(self) -> Json:
        return {"mean": [part.json() for part in self.parts]}


@dataclass(frozen=True)
class Direction(_Summand):
    """A named direction from a model's card; useful weights have magnitudes of 1 to 3."""

    name: str

    def _sum(self) -> Sum:
        return Sum((), ((1.0, self.name),))


@dataclass(frozen=True)
class Sum(_Summand):
    """A weighted sum of latents and directions.

    Attributes:
        terms: (weight, latent), in order.
        directions: (weight, name), in order.
    """

    terms: tuple[tuple[float, Latent], ...]
    directions: tuple[tuple[float, str], ...] = ()

    def json(self) -> Json:
        """The terms and directions of an arithmetic request.

        Raises:
            ValueError: the sum contains no latent.
        """
        if not self.terms:
            raise ValueError("a sum needs a latent in addition to its directions, such as seed(7) + direction('smile')")
        return {
            "terms": [{"weight": weight, "latents": [latent.json()]} for weight, latent in self.terms],
            "directions": [{"name": name, "weight": weight} for weight, name in self.directions],
        }

    def _sum(self) -> Sum:
        return self


Summand = Latent | Direction | Sum


def seed(number: int, class_: Class | None = None) -> Seed:
    """The latent of a seed, 0 to 2^63 - 1."""
    return Seed(_frozen(class_), number)


def vector(values: Iterable[float], class_: Class | None = None) -> Vector:
    """A latent given by its values, such as a NumPy array."""
    return Vector(_frozen(class_), tuple(float(value) for value in values))


def token(text: str, class_: Class | None = None) -> Token:
    """A latent given by a token from a JSON response or from `encode`."""
    return Token(_frozen(class_), text)


def direction(name: str) -> Direction:
    """A named direction of a model."""
    return Direction(name)


@overload
def mean(*parts: Latent, class_: Class | None = None) -> Mean: ...
@overload
def mean(*parts: Summand, class_: Class | None = None) -> Summand: ...
def mean(*parts: Summand, class_: Class | None = None) -> Summand:
    """The mean of latents, which is a latent, or of sums, which is a sum.

    Raises:
        ValueError: there are no arguments, or a class is given for a sum.
    """
    if not parts:
        raise ValueError("mean needs at least one latent")
    latents = tuple(part for part in parts if isinstance(part, Latent))
    if len(latents) == len(parts):
        return Mean(_frozen(class_), latents)
    if class_ is not None:
        raise ValueError("a mean of sums has no class; pass class_ to arithmetic")
    total = Sum(())
    for part in parts:
        total = total + part
    return total / len(parts)


def of_json(document: Mapping[str, Any]) -> Latent:
    """Reads a latent from a JSON response.

    Raises:
        ValueError: the kind of latent is unknown to this version.
    """
    class_ = document.get("class")
    if "token" in document:
        return token(document["token"], class_)
    if "seed" in document:
        return seed(document["seed"], class_)
    if "vector" in document:
        return vector(document["vector"], class_)
    if "mean" in document:
        return Mean(_frozen(class_), tuple(map(of_json, document["mean"])))
    raise ValueError(f"not a latent: {dict(document)!r}")


def class_json(class_: Class | None) -> Json:
    """The request field of a class; empty for None."""
    if class_ is None:
        return {}
    return {"class": dict(class_) if isinstance(class_, Mapping) else class_}


def _frozen(class_: Class | None) -> int | str | tuple[tuple[str, float], ...] | None:
    return tuple(class_.items()) if isinstance(class_, Mapping) else class_
