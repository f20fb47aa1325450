"""From the latents and classes that a request names to the rows that a generator takes.

The step between `latent_spec` (what a request may contain) and `latents` (the arithmetic). Knows one model's manifest.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from service.errors import Invalid, NotSupported
from service.pipelines import latent_spec, latents
from service.pipelines.latents import Floats
from service.repository.manifest import Manifest
from service.repository.verification import float_array

Blend = NDArray[np.float32]
"""(n_classes,) weights that add up to 1; a one-hot row for a single class."""


@dataclass(frozen=True)
class ResolvedLatent:
    """The latent of one image.

    Attributes:
        latent: (z_dim,) float32.
        blend: the class or blend of classes; None for a model without classes.
        seed: the seed of the latent, if it has one.
    """

    latent: Floats
    blend: Blend | None = None
    seed: int | None = None


@dataclass
class LatentResolver:
    """Resolves the latents of one request against one model.

    Attributes:
        manifest: the model's.
        class_: the request's class, for latents without a class of their own.
        truncation: multiplies the latents of seeds.
        seeds: every seed that was used, in order.
    """

    manifest: Manifest
    class_: latent_spec.ClassReference | None = None
    truncation: float = 1.0
    seeds: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.class_ is not None:
            self.blend_of(self.class_)  # refused even if no latent needs it

    def seed(self, seed: int) -> ResolvedLatent:
        """The latent of a seed. If a conditional model has no class given, the seed determines the class too."""
        return self._seed(seed, self.class_)

    def latent(self, latent: latent_spec.Latent) -> ResolvedLatent:
        """The latent that a request names.

        Raises:
            Invalid: a wrong length, a bad token, an unknown class, or a class that is missing.
        """
        return self._point(latent, self.class_)

    def mean(self, parts: Sequence[latent_spec.Latent]) -> ResolvedLatent:
        """The mean of latents and of their classes."""
        return self._mean(parts, self.class_)

    def direction(self, name: str) -> Floats:
        """A direction that the package names, (z_dim,) float32.

        Raises:
            NotSupported: the package has no directions.
            Invalid: it has no such direction.
        """
        known = {direction.name: direction for direction in self.manifest.directions}
        if not known:
            raise NotSupported(f"model {self.manifest.name} has no named directions")
        if name not in known:
            raise Invalid(f"there is no direction {name!r}; this model has: {', '.join(known)}")
        return float_array(known[name].vector)

    def blend_of(self, reference: latent_spec.ClassReference) -> Blend:
        """The classes that a reference names, as one row.

        Raises:
            Invalid: the model has no classes, or no such class, or a blend does not add up to 1.
        """
        names = self.manifest.classes
        if not names:
            raise Invalid(f"model {self.manifest.name} has no classes; leave class out")
        row = np.zeros(len(names), np.float32)
        if isinstance(reference, dict):
            for name, weight in reference.items():
                row[self._class_index(name)] = weight
            if abs(float(row.sum()) - 1.0) > 1e-3:
                raise Invalid("the weights of a blend of classes must add up to 1")
        else:
            row[self._class_index(reference)] = 1.0
        return row

    def name_of(self, blend: Blend | None) -> str | dict[str, float] | None:
        """A blend as a client may send it back: a name, or names with weights."""
        if blend is None or self.manifest.classes is None:
            return None
        parts = {name: float(weight) for name, weight in zip(self.manifest.classes, blend, strict=True) if weight > 0}
        return next(iter(parts)) if list(parts.values()) == [1.0] else parts

    def _class_index(self, reference: int | str) -> int:
        names = self.manifest.classes or ()
        if isinstance(reference, str) and reference in names:
            return names.index(reference)
        if isinstance(reference, str) or not 0 <= reference < len(names):
            raise Invalid(f"there is no class {str(reference)[:80]!r}; this model has: {', '.join(names)}")
        return reference

    def _seed(self, seed: int, class_: latent_spec.ClassReference | None) -> ResolvedLatent:
        space = self.manifest.latent
        assert space is not None
        self.seeds.append(seed)
        vector = latents.draw(seed, space.dim, space.distribution) * np.float32(self.truncation)
        if class_ is None and self.manifest.classes:
            class_ = latents.draw_class(seed, len(self.manifest.classes))
        return ResolvedLatent(vector, None if class_ is None else self.blend_of(class_), seed)

    def _point(self, latent: latent_spec.Latent, inherited: latent_spec.ClassReference | None) -> ResolvedLatent:
        class_ = latent.class_ if latent.class_ is not None else inherited
        if isinstance(latent, latent_spec.SeedLatent):
            return self._seed(latent.seed, class_)
        if isinstance(latent, latent_spec.MeanLatent):
            return self._mean(latent.mean, class_)
        if class_ is None and self.manifest.classes:
            raise Invalid(f"model {self.manifest.name} has classes: give class, in the latent or in the request")
        blend = None if class_ is None else self.blend_of(class_)
        return ResolvedLatent(self._given(latent), blend)

    def _mean(
        self, parts: Sequence[latent_spec.Latent], inherited: latent_spec.ClassReference | None
    ) -> ResolvedLatent:
        points = [self._point(part, inherited) for part in parts]
        blends = [point.blend for point in points if point.blend is not None]
        blend = np.mean(blends, axis=0).astype(np.float32) if blends else None
        return ResolvedLatent(latents.mean([point.latent for point in points]), blend)

    def _given(self, latent: latent_spec.VectorLatent | latent_spec.TokenLatent) -> Floats:
        space = self.manifest.latent
        assert space is not None
        if isinstance(latent, latent_spec.TokenLatent):
            return latents.from_token(latent.token, space.dim)
        if len(latent.vector) != space.dim:
            raise Invalid(f"a vector of this model has {space.dim} numbers, but this one {len(latent.vector)}")
        return latents.finite(np.array(latent.vector, np.float64))


def class_in_query(manifest: Manifest, text: str | None) -> latent_spec.ClassReference | None:
    """The class that a query names. A text that is no class's name may be an index."""
    is_index = text is not None and text not in (manifest.classes or ()) and re.fullmatch(r"[0-9]{1,5}", text)
    return int(text) if text is not None and is_index else text


def rows(points: Sequence[ResolvedLatent]) -> Mapping[str, Floats]:
    """A generator's input: `latents` (N, z_dim), and `classes` (N, n_classes) for a conditional model."""
    fed = {"latents": np.stack([point.latent for point in points])}
    blends = [point.blend for point in points if point.blend is not None]
    return fed | {"classes": np.stack(blends)} if blends else fed


def interpolate(keyframes: Sequence[ResolvedLatent], steps: int, method: str, loop: bool) -> list[ResolvedLatent]:
    """Interpolate from keyframe to keyframe. Classes are blended linearly.

    Args:
        keyframes: at least two.
        steps: frames of one segment, both ends included.
        method: `slerp` or `lerp`.
        loop: whether the way back to the first keyframe follows, without repeating it.

    Returns:
        (K - 1)(steps - 1) + 1 latents, or K (steps - 1) with `loop`.

    Raises:
        Invalid: slerp is undefined between two keyframes.
    """
    between = latents.slerp if method == "slerp" else latents.lerp
    shares = [index / (steps - 1) for index in range(steps)]
    ends = [*keyframes, keyframes[0]] if loop else list(keyframes)
    frames: list[ResolvedLatent] = []
    for start, end in pairwise(ends):
        vectors = between(start.latent, end.latent, shares)
        blends: Sequence[Blend | None] = [None] * steps
        if start.blend is not None and end.blend is not None:
            blends = list(latents.lerp(start.blend, end.blend, shares))
        frames += [ResolvedLatent(vector, blend) for vector, blend in zip(vectors[:-1], blends[:-1], strict=True)]
    return frames if loop else [*frames, ResolvedLatent(ends[-1].latent, ends[-1].blend)]


def arithmetic(
    resolver: LatentResolver,
    terms: Sequence[latent_spec.Term],
    directions: Sequence[latent_spec.DirectionTerm],
    variations: int,
    jitter: float,
    seed: int,
) -> list[ResolvedLatent]:
    """The result of DCGAN's arithmetic and its variations.

    Args:
        resolver: of the request's model and class.
        terms: weighted means of latents.
        directions: weighted directions of the package.
        variations: number of noisy copies of the sum.
        jitter: half-width of the uniform noise.
        seed: of the noise.

    Returns:
        1 + variations latents.

    References:
        A. Radford et al. (2015), section 6.3.2: the mean of three z per concept, and noise of +-0.25.
    """
    means = [(term.weight, resolver.mean(term.latents)) for term in terms]
    parts = [(weight, mean.latent) for weight, mean in means]
    parts += [(term.weight, resolver.direction(term.name)) for term in directions]
    centre = latents.combine(parts)
    noise = latents.jitter(seed, variations, len(centre), jitter)
    if variations:
        resolver.seeds.append(seed)
    if resolver.class_ is not None:
        blend: Blend | None = resolver.blend_of(resolver.class_)
    else:
        blend = _sum_of_classes([(weight, mean.blend) for weight, mean in means if mean.blend is not None])
    return [ResolvedLatent(latents.finite(vector), blend) for vector in (centre, *(centre + row for row in noise))]


def _sum_of_classes(terms: Sequence[tuple[float, Blend]]) -> Blend | None:
    """Add classes like latents, clip at zero, and normalise to a sum of 1."""
    if not terms:
        return None
    total = np.clip(latents.combine(terms), 0.0, None)
    if total.sum() < 1e-6:
        raise Invalid("the terms' classes cancel out: give class for the result")
    blend: Blend = (total / total.sum()).astype(np.float32)
    return blend
