"""Latents as JSON: a seed, a vector, a token, or a mean of latents.

The length of a vector or a token depends on the model. Until the model is known, the limit of the body holds.
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
    Field(gt=0.0, le=1.0, description="Multiplies the latents of seeds: less variety, more typical images."),
]
Columns = Annotated[
    int | None, Field(ge=1, description="Columns of the grid, at most the number of images; default: about square.")
]
ClassReference = Annotated[
    int | str | dict[str, Annotated[FiniteFloat, Field(ge=0.0, le=1.0)]],
    Field(description="An index, a name, or a blend of names with weights that add up to 1.", examples=["7"]),
]
OptionalClass = Annotated[ClassReference | None, Field(alias="class")]
FormatName = Literal["png", "jpeg", "webp", "gif", "apng", "zip", "json", "npy"]


class StrictModel(BaseModel):
    """Base of what clients send: types are strict, and unknown fields are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class SeedLatent(StrictModel):
    """The latent of a seed."""

    seed: Seed
    class_: OptionalClass = None


class VectorLatent(StrictModel):
    """A latent written out: z_dim finite numbers."""

    vector: Annotated[list[FiniteFloat], Field(min_length=1)]
    class_: OptionalClass = None


class TokenLatent(StrictModel):
    """A latent as this service encodes it: base64url of little-endian float32."""

    token: Annotated[str, Field(min_length=1)]
    class_: OptionalClass = None


class MeanLatent(StrictModel):
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
    """Number of latents in a latent: one, or those of a mean.

    Raises:
        ValueError: means nest too deep.
    """
    if not isinstance(latent, MeanLatent):
        return 1
    if depth == MAX_NESTING:
        raise ValueError(f"means nest at most {MAX_NESTING} deep")
    return sum(count(part, depth + 1) for part in latent.mean)


def limited(latents: list[Latent]) -> list[Latent]:
    """Refuse more latents than a request may hold, including those inside means.

    Raises:
        ValueError: too many.
    """
    if sum(count(latent) for latent in latents) > MAX_LATENTS:
        raise ValueError(f"a request holds at most {MAX_LATENTS} latents")
    return latents


Latents = Annotated[list[Latent], Field(min_length=1, max_length=MAX_LATENTS), AfterValidator(limited)]


class Term(StrictModel):
    """A weight times the mean of latents."""

    weight: Weight = 1.0
    latents: Latents


class DirectionTerm(StrictModel):
    """A weight times a direction that the package names."""

    name: Annotated[str, Field(max_length=64)]
    weight: Weight = 1.0
