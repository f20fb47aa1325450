"""Query parameters. All of them are text, so that this module defines what a number is."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.pipelines.latent_spec import Columns, FormatName, Seed, Truncation


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

    format: Annotated[
        FormatName | None,
        Field(description="Format of the response; outranks the `Accept` header. A call's responses list its formats."),
    ] = None


class SampleQuery(FormatQuery):
    """GET sample: `seed` and `n` mean the seeds seed ... seed+n-1."""

    seed: Annotated[Seed | None, BeforeValidator(_digits)] = None
    n: Annotated[int, Field(ge=1, le=1024, description="Number of images."), BeforeValidator(_digits)] = 1
    class_: Annotated[str | None, Field(alias="class", max_length=200, description="A class's name or index.")] = None
    truncation: Annotated[Truncation, BeforeValidator(_decimal)] = 1.0
    columns: Annotated[Columns, BeforeValidator(_digits)] = None


def _true_or_false(value: object) -> object:
    if isinstance(value, str) and value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value


class TranslateQuery(FormatQuery):
    """How an image is brought to the translator's size, and what the response has."""

    fit: Annotated[
        Literal["pad", "resize"],
        Field(description="`pad` keeps every pixel; `resize` translates at the size of training."),
    ] = "pad"
    cycle: Annotated[
        bool,
        BeforeValidator(_true_or_false),
        Field(description="Translates back too, and reports the mean absolute error in `X-Cycle-Error`."),
    ] = False
    columns: Annotated[Columns, BeforeValidator(_digits)] = None


class DiscriminateQuery(_Query):
    """The class that the image is claimed to have."""

    class_: Annotated[
        str | None,
        Field(alias="class", max_length=200, description="A class's name or index, for a model with classes."),
    ] = None
