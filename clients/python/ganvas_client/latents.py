"""Latents as values: named by a seed, a vector, a token or a mean, and added up with weights. Knows no HTTP.

    (mean(seed(1), seed(2), seed(3)) - seed(4) + 2 * direction("smile"))

is a `Sum`, which `Client.arithmetic` draws; everything that is not a sum can be sampled and walked between too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, overload

Class = int | str | Mapping[str, float]
"""Of a conditional model: an index, a name, or a blend of names with weights that add up to 1."""

Json = dict[str, Any]


class _Summand:
    """What can be added up."""

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
    """A point in latent space that a model draws; make one by `seed`, `vector`, `token` or `mean`."""

    class_: int | str | tuple[tuple[str, float], ...] | None = None

    def json(self) -> Json:
        """As the service takes it."""
        class_ = dict(self.class_) if isinstance(self.class_, tuple) else self.class_
        return self._json() | ({} if class_ is None else {"class": class_})

    def _json(self) -> Json:
        raise NotImplementedError

    def _sum(self) -> Sum:
        return Sum(((1.0, self),))


@dataclass(frozen=True)
class Seed(Latent):
    """The latent that a seed draws."""

    seed: int = 0

    def _json(self) -> Json:
        return {"seed": self.seed}


@dataclass(frozen=True)
class Vector(Latent):
    """A latent written out."""

    values: tuple[float, ...] = ()

    def _json(self) -> Json:
        return {"vector": list(self.values)}


@dataclass(frozen=True)
class Token(Latent):
    """A latent as the service gave it: exact when it is sent back."""

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
    """A direction that a model's card names; weight 1 to 3 is the useful range."""

    name: str

    def _sum(self) -> Sum:
        return Sum((), ((1.0, self.name),))


@dataclass(frozen=True)
class Sum(_Summand):
    """Latents and directions with their weights.

    Attributes:
        terms: (weight, latent), in order.
        directions: (weight, name), in order.
    """

    terms: tuple[tuple[float, Latent], ...]
    directions: tuple[tuple[float, str], ...] = ()

    def json(self) -> Json:
        """The terms and directions of an arithmetic request.

        Raises:
            ValueError: there is no latent in it.
        """
        if not self.terms:
            raise ValueError("a sum needs a latent beside its directions, such as seed(7) + direction('smile')")
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
    """A latent written out; NumPy's arrays will do."""
    return Vector(_frozen(class_), tuple(float(value) for value in values))


def token(text: str, class_: Class | None = None) -> Token:
    """A latent as JSON answers and `encode` give it."""
    return Token(_frozen(class_), text)


def direction(name: str) -> Direction:
    """A named direction of a model."""
    return Direction(name)


@overload
def mean(*parts: Latent, class_: Class | None = None) -> Mean: ...
@overload
def mean(*parts: Summand, class_: Class | None = None) -> Summand: ...
def mean(*parts: Summand, class_: Class | None = None) -> Summand:
    """The mean: of latents a latent, of sums a sum.

    Raises:
        ValueError: there is nothing to take the mean of, or a class is given for a sum.
    """
    if not parts:
        raise ValueError("mean needs at least one latent")
    latents = tuple(part for part in parts if isinstance(part, Latent))
    if len(latents) == len(parts):
        return Mean(_frozen(class_), latents)
    if class_ is not None:
        raise ValueError("a mean of sums has no class of its own; give class_ to arithmetic")
    total = Sum(())
    for part in parts:
        total = total + part
    return total / len(parts)


def of_json(document: Mapping[str, Any]) -> Latent:
    """A latent as a JSON answer holds it.

    Raises:
        ValueError: it is of a kind that this version does not know.
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
    """A class as a request's field; nothing where there is none."""
    if class_ is None:
        return {}
    return {"class": dict(class_) if isinstance(class_, Mapping) else class_}


def _frozen(class_: Class | None) -> int | str | tuple[tuple[str, float], ...] | None:
    return tuple(class_.items()) if isinstance(class_, Mapping) else class_
