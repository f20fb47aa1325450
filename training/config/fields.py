"""The types of configuration values."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", revalidate_instances="always")
"""No unknown fields; an instance is validated like values from a file, including nested ones."""

Positive = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Task = Literal["generate", "translate"]
Augmentation = Literal["color", "translation", "cutout"]
Widths = Annotated[tuple[Positive, ...], Field(min_length=1, max_length=16)]
