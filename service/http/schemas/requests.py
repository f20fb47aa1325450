"""Request bodies of the generating calls."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, FiniteFloat, model_validator

from service.pipelines.latent_spec import (
    MAX_FRAMES,
    Columns,
    DirectionTerm,
    Latent,
    Latents,
    OptionalClass,
    Seed,
    StrictModel,
    Term,
    Truncation,
    limited,
)


class SampleRequest(StrictModel):
    """What to sample: `n` fresh images, or those of `seeds`, or of `latents`; one image if nothing is given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"n": 16}, {"seeds": [42, 43], "columns": 2}]})

    n: Annotated[int | None, Field(ge=1, le=1024, description="Number of fresh random seeds.")] = None
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


class InterpolateRequest(StrictModel):
    """An interpolation from latent to latent: `from` and `to`, or `keyframes`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": {"seed": 1}, "to": {"seed": 2}, "steps": 8, "fps": 12}]}
    )

    from_: Annotated[Latent | None, Field(alias="from")] = None
    to: Latent | None = None
    keyframes: Annotated[
        list[Latent] | None,
        Field(min_length=2, max_length=MAX_FRAMES),
        AfterValidator(lambda value: value if value is None else limited(value)),
    ] = None
    steps: Annotated[int, Field(ge=2, le=MAX_FRAMES, description="Frames of one segment, both ends included.")] = 8
    method: Literal["slerp", "lerp"] = "slerp"
    loop: Annotated[bool, Field(description="Adds the way back to the first keyframe, and repeats.")] = False
    fps: Annotated[int, Field(ge=1, le=50)] = 12
    columns: Columns = None
    class_: OptionalClass = None

    @model_validator(mode="after")
    def _two_ends(self) -> Self:
        pair = (self.from_ is not None, self.to is not None)
        if any(pair) == (self.keyframes is not None) or any(pair) != all(pair):
            raise ValueError("give either from and to, or keyframes")
        limited(self.points)
        if self.frames > MAX_FRAMES:
            raise ValueError(f"this interpolation has {self.frames} frames, but at most {MAX_FRAMES} are allowed")
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
        """Frames of the whole interpolation."""
        segments = len(self.points) if self.loop else len(self.points) - 1
        return segments * (self.steps - 1) + (0 if self.loop else 1)


class ArithmeticRequest(StrictModel):
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
    directions: Annotated[list[DirectionTerm], Field(max_length=64, default_factory=list)]
    variations: Annotated[int, Field(ge=0, le=63)] = 0
    jitter: Annotated[FiniteFloat, Field(ge=0.0, le=100.0)] = 0.25
    seed: Seed | None = None
    columns: Columns = None
    class_: OptionalClass = None

    @model_validator(mode="after")
    def _few_latents(self) -> Self:
        limited([latent for term in self.terms for latent in term.latents])
        return self
