"""Request and response bodies of the v1 contract. Strict: a "4" is no integer, and an unknown field is an error.

Knows nothing about models: what depends on one (a vector's length, a class's name) is checked in `drawing`.
"""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    JsonValue,
    Tag,
    model_validator,
)

from service.latents import SEED_LIMIT

MAX_FRAMES = 128
MAX_LATENTS = 1024
MAX_NESTING = 8

Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT, examples=[42])]
Weight = Annotated[FiniteFloat, Field(ge=-100.0, le=100.0)]
Truncation = Annotated[
    FiniteFloat,
    Field(gt=0.0, le=1.0, description="Multiplies latents drawn from seeds: less variety, more typical pictures."),
]
Columns = Annotated[
    int | None, Field(ge=1, description="Columns of the grid, at most the number of pictures; default: about square.")
]
ClassReference = Annotated[
    int | str | dict[str, Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]],
    Field(description="An index, a name, or a blend of names with weights that add up to 1.", examples=["7"]),
]
OptionalClass = Annotated[ClassReference | None, Field(alias="class")]
FormatName = Literal["png", "jpeg", "webp", "gif", "apng", "zip", "json", "npy"]


class _Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class SeedLatent(_Body):
    """The latent that a seed draws."""

    seed: Seed
    class_: OptionalClass = None


class VectorLatent(_Body):
    """A latent written out: z_dim finite numbers."""

    vector: Annotated[list[FiniteFloat], Field(min_length=1, max_length=65_536)]
    class_: OptionalClass = None


class TokenLatent(_Body):
    """A latent as this service gave it: base64url of little-endian float32."""

    token: Annotated[str, Field(min_length=1, max_length=400_000)]
    class_: OptionalClass = None


class MeanLatent(_Body):
    """The mean of latents."""

    mean: Annotated[list["Latent"], Field(min_length=1, max_length=MAX_LATENTS)]
    class_: OptionalClass = None


_KINDS = ("seed", "vector", "token", "mean")


def _kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in _KINDS if kind in value), None)
    return next((kind for kind in _KINDS if hasattr(value, kind)), None)


Latent = Annotated[
    Annotated[SeedLatent, Tag("seed")]
    | Annotated[VectorLatent, Tag("vector")]
    | Annotated[TokenLatent, Tag("token")]
    | Annotated[MeanLatent, Tag("mean")],
    Discriminator(
        _kind,
        custom_error_type="latent",
        custom_error_message='a latent must be an object with one of "seed", "vector", "token" or "mean"',
    ),
]


def _count(latent: Latent, depth: int = 0) -> int:
    if not isinstance(latent, MeanLatent):
        return 1
    if depth == MAX_NESTING:
        raise ValueError(f"means nest at most {MAX_NESTING} deep")
    return sum(_count(part, depth + 1) for part in latent.mean)


def _few(latents: list[Latent]) -> list[Latent]:
    if sum(_count(latent) for latent in latents) > MAX_LATENTS:
        raise ValueError(f"a request holds at most {MAX_LATENTS} latents")
    return latents


Latents = Annotated[list[Latent], Field(min_length=1, max_length=MAX_LATENTS), AfterValidator(_few)]


class SampleRequest(_Body):
    """What to sample: `n` fresh pictures, or those of `seeds`, or of `latents`; nothing means one."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"n": 16}, {"seeds": [42, 43], "columns": 2}]})

    n: Annotated[int | None, Field(ge=1, le=1024, description="So many fresh random seeds.")] = None
    seeds: Annotated[list[Seed] | None, Field(min_length=1, max_length=1024)] = None
    latents: Latents | None = None
    class_: OptionalClass = None
    truncation: Truncation = 1.0
    columns: Columns = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.n, self.seeds, self.latents)) > 1:
            raise ValueError("give at most one of n, seeds and latents")
        return self


class InterpolateRequest(_Body):
    """A walk from latent to latent: `from` and `to`, or `keyframes`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": {"seed": 1}, "to": {"seed": 2}, "steps": 8, "fps": 12}]}
    )

    from_: Annotated[Latent | None, Field(alias="from")] = None
    to: Latent | None = None
    keyframes: Annotated[
        list[Latent] | None,
        Field(min_length=2, max_length=MAX_FRAMES),
        AfterValidator(lambda value: value if value is None else _few(value)),
    ] = None
    steps: Annotated[int, Field(ge=2, le=MAX_FRAMES, description="Frames of one segment, both ends included.")] = 8
    method: Literal["slerp", "lerp"] = "slerp"
    loop: Annotated[bool, Field(description="Adds the way back to the first keyframe, and repeats for ever.")] = False
    fps: Annotated[int, Field(ge=1, le=50)] = 12
    columns: Columns = None
    class_: OptionalClass = None

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        pair = (self.from_ is not None, self.to is not None)
        if any(pair) == (self.keyframes is not None) or any(pair) != all(pair):
            raise ValueError("give either from and to, or keyframes")
        _few(self.points)
        if self.frames > MAX_FRAMES:
            raise ValueError(f"this walk has {self.frames} frames, but at most {MAX_FRAMES} are allowed")
        return self

    @property
    def points(self) -> list[Latent]:
        """The keyframes, whichever way they were given."""
        if self.keyframes is not None:
            return self.keyframes
        assert self.from_ is not None
        assert self.to is not None
        return [self.from_, self.to]

    @property
    def frames(self) -> int:
        """Frames of the whole walk."""
        segments = len(self.points) if self.loop else len(self.points) - 1
        return segments * (self.steps - 1) + (0 if self.loop else 1)


class Term(_Body):
    """weight x the mean of the latents."""

    weight: Weight = 1.0
    latents: Latents


class DirectionTerm(_Body):
    """weight x a direction that the package names."""

    name: Annotated[str, Field(max_length=64)]
    weight: Weight = 1.0


class ArithmeticRequest(_Body):
    """DCGAN's arithmetic: the sum of the terms and the directions, and variations around it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "terms": [
                        {"weight": 1, "latents": [{"seed": 1}, {"seed": 2}, {"seed": 3}]},
                        {"weight": -1, "latents": [{"seed": 4}]},
                        {"weight": 1, "latents": [{"seed": 5}]},
                    ],
                    "variations": 8,
                }
            ]
        }
    )

    terms: Annotated[list[Term], Field(min_length=1, max_length=64)]
    directions: Annotated[list[DirectionTerm], Field(max_length=64)] = []
    variations: Annotated[int, Field(ge=0, le=63)] = 0
    jitter: Annotated[FiniteFloat, Field(ge=0.0, le=100.0)] = 0.25
    seed: Seed | None = None
    columns: Columns = None
    class_: OptionalClass = None

    @model_validator(mode="after")
    def _few_latents(self) -> Self:
        _few([latent for term in self.terms for latent in term.latents])
        return self


def _digits(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,19}", value):
        raise ValueError("must be a whole number in decimal digits")
    return value


def _decimal(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{0,10}(\.[0-9]{1,20})?", value):
        raise ValueError("must be a decimal number")
    return value


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoQuery(_Query):
    """A call without query parameters."""


class FormatQuery(_Query):
    """`format` outranks the Accept header."""

    format: FormatName | None = None


class SampleQuery(FormatQuery):
    """GET sample: `seed` and `n` mean the seeds seed ... seed+n-1."""

    seed: Annotated[Seed | None, BeforeValidator(_digits)] = None
    n: Annotated[int, Field(ge=1, le=1024), BeforeValidator(_digits)] = 1
    class_: Annotated[str | None, Field(alias="class", max_length=200, description="A class's name or index.")] = None
    truncation: Annotated[Truncation, BeforeValidator(_decimal)] = 1.0
    columns: Annotated[Columns, BeforeValidator(_digits)] = None


class DiscriminateQuery(_Query):
    """The class that the picture claims to be of."""

    class_: Annotated[str | None, Field(alias="class", max_length=200)] = None


class ImageSize(BaseModel):
    """Size of a model's pictures."""

    height: int
    width: int
    channels: int


class LatentSpace(BaseModel):
    """What a generator draws from."""

    dim: int
    distribution: str


class Card(BaseModel):
    """A served version of a model."""

    name: str
    version: int
    task: str
    method: str
    description: str
    digest: str
    engine: str
    precision: str
    image: ImageSize
    latent: LatentSpace | None
    classes: list[str] | None
    directions: list[str]
    networks: list[str]
    licence: str
    data_terms: str
    metrics: list[dict[str, JsonValue]]


class TranslatorCard(Card):
    """A served version of a translator."""

    source: str
    target: str
    inverse: str | None
    multiple: int


class ManifestCard(Card):
    """One model with its whole manifest; a translator's card has the translator's fields too."""

    model_config = ConfigDict(extra="allow")

    manifest: dict[str, JsonValue]


class SkippedPackage(BaseModel):
    """A package that is not served, and why."""

    name: str
    version: str
    reason: str


class ModelList(BaseModel):
    """Every served version, and every package that was skipped."""

    models: list[Card | TranslatorCard]
    skipped: list[SkippedPackage]


class Judgement(BaseModel):
    """What the discriminator or critic says of a picture."""

    model: str
    score: Annotated[float, Field(description="The raw logit or critic value.")]
    probability: Annotated[float | None, Field(description="Of being real: the logit's sigmoid; null for a critic.")]


class Health(BaseModel):
    """The service's state."""

    status: Literal["alive", "ready"]


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, str]] | None = None
