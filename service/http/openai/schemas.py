"""Bodies of OpenAI's images API, as far as it fits models without a prompt."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from service.pipelines.latent_spec import Seed, StrictModel

_SIDE_LIMIT_PX = 1024


def _sides(value: str | None) -> str | None:
    if value in (None, "auto"):
        return value
    match = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", value or "")
    if match is None or not all(1 <= int(side) <= _SIDE_LIMIT_PX for side in match.groups()):
        raise ValueError(f"must be auto, or WIDTHxHEIGHT with sides of 1 to {_SIDE_LIMIT_PX} px")
    return value


class GenerationRequest(StrictModel):
    """What to generate. Fields below `seed` belong to OpenAI's API but have no effect here: `warnings` names them."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"model": "mnist-gan", "prompt": "a digit", "n": 2, "seed": 42}]}
    )

    model: Annotated[str | None, Field(max_length=200, description="Required if several models are served.")] = None
    prompt: Annotated[
        str | None, Field(max_length=32_000, description="Picks a class of a conditional model by its name.")
    ] = None
    n: Annotated[int | None, Field(ge=1, le=1024)] = None
    size: Annotated[str | None, AfterValidator(_sides), Field(description="`auto` is the model's own.")] = None
    response_format: Literal["b64_json", "url"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    seed: Annotated[Seed | None, Field(description="Not OpenAI's: the first image's seed.")] = None
    background: JsonValue = None
    complexity: JsonValue = None
    frame_count: JsonValue = None
    frame_duration_ms: JsonValue = None
    moderation: JsonValue = None
    output_compression: JsonValue = None
    partial_images: JsonValue = None
    quality: JsonValue = None
    safety_identifier: JsonValue = None
    stream: JsonValue = None
    style: JsonValue = None
    svg: JsonValue = None
    user: JsonValue = None

    @property
    def ignored(self) -> list[str]:
        """The given fields that have no effect here."""
        known = {"model", "prompt", "n", "size", "response_format", "output_format", "seed"}
        return sorted(name for name in self.model_fields_set - known if getattr(self, name) is not None)

    @property
    def sides(self) -> tuple[int, int] | None:
        """(width, height) in px; None for the model's own."""
        if self.size in (None, "auto"):
            return None
        width, height = str(self.size).split("x")
        return int(width), int(height)


class GeneratedImage(BaseModel):
    """One image: its bytes or a link to them."""

    b64_json: str | None = None
    url: str | None = None
    revised_prompt: Annotated[str, Field(description="The class that was generated, or `prompt unused`.")]
    seed: int


class Generation(BaseModel):
    """The images, and warnings about ignored fields."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "created": 1_760_000_000,
                    "data": [{"b64_json": "iVBORw0KGgo=", "revised_prompt": "prompt unused", "seed": 42}],
                    "output_format": "png",
                    "size": "28x28",
                    "warnings": ["quality is ignored"],
                }
            ]
        }
    )

    created: int
    data: list[GeneratedImage]
    output_format: str
    size: str
    warnings: list[str]


class OpenAIProblem(BaseModel):
    """The details of an error, in OpenAI's form."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIError(BaseModel):
    """An error in OpenAI's form."""

    error: OpenAIProblem
