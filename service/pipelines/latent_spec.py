"""Latents as JSON: a seed, a vector, a token, or a mean of latents.

How long a vector or a token may be is the model's affair; until it is known, the limit of the body holds.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, FiniteFloat, Tag

from service.pipelines.latents import SEED_LIMIT

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


class Body(BaseModel):
    """What a client sends: strict, and nothing unknown in it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class SeedLatent(Body):
    """The latent that a seed draws."""

    seed: Seed
    class_: OptionalClass = None


class VectorLatent(Body):
    """A latent written out: z_dim finite numbers."""

    vector: Annotated[list[FiniteFloat], Field(min_length=1)]
    class_: OptionalClass = None


class TokenLatent(Body):
    """A latent as this service gave it: base64url of little-endian float32."""

    token: Annotated[str, Field(min_length=1)]
    class_: OptionalClass = None


class MeanLatent(Body):
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


def count(latent: Latent, depth: int = 0) -> int:
    """Latents that a latent is made of.

    Raises:
        ValueError: means nest too deep.
    """
    if not isinstance(latent, MeanLatent):
        return 1
    if depth == MAX_NESTING:
        raise ValueError(f"means nest at most {MAX_NESTING} deep")
    return sum(count(part, depth + 1) for part in latent.mean)


def few(latents: list[Latent]) -> list[Latent]:
    """Refuses more latents than a request may hold, those inside of means counted."""
    if sum(count(latent) for latent in latents) > MAX_LATENTS:
        raise ValueError(f"a request holds at most {MAX_LATENTS} latents")
    return latents


Latents = Annotated[list[Latent], Field(min_length=1, max_length=MAX_LATENTS), AfterValidator(few)]


class Term(Body):
    """weight x the mean of the latents."""

    weight: Weight = 1.0
    latents: Latents


class DirectionTerm(Body):
    """weight x a direction that the package names."""

    name: Annotated[str, Field(max_length=64)]
    weight: Weight = 1.0
