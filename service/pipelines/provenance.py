"""Where a picture came from, as its file's metadata tell it, and as a client may hand it in again.

Knows nothing about codecs: `images` writes and reads the text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from service import __version__
from service.errors import Invalid
from service.imaging.codecs import Label
from service.pipelines.latent_spec import Body, Columns, SeedLatent, TokenLatent, Truncation
from service.repository.manifest import Sha256

SOFTWARE = f"Ganvas {__version__}"
_FOREIGN = "the file does not say how to draw it again; send a PNG, JPEG or WebP file that this service made"


class Motion(Body):
    """How the frames of an animation follow each other."""

    fps: Annotated[int, Field(ge=1, le=50)]
    loop: bool


class Origin(Body):
    """All that is needed to draw a file's picture again.

    Attributes:
        model: digest of the network that drew it.
        latents: in their order, each with its class; empty for a translation.
        truncation: of the latents that seeds drew.
        columns: of the grid.
        animation: of frames; None for pictures that are not.
    """

    model: Sha256
    latents: Annotated[list[SeedLatent | TokenLatent], Field(max_length=1024, default_factory=list)]
    truncation: Truncation = 1.0
    columns: Columns = None
    animation: Motion | None = None


def label(
    digest: str,
    latents: Sequence[Mapping[str, Any]],
    truncation: float,
    columns: int,
    animation: tuple[int, bool] | None = None,
) -> Label:
    """What a file's metadata say.

    Args:
        digest: of the network that drew it.
        latents: as JSON; none for a translation.
        truncation: of the latents that seeds drew.
        columns: of the grid.
        animation: frames a second, and whether it repeats, for an animation.
    """
    fields: dict[str, Any] = {"model": digest}
    if latents:
        fields |= {"latents": list(latents), "truncation": truncation, "columns": columns}
    if latents and animation is not None:
        fields["animation"] = dict(zip(("fps", "loop"), animation, strict=True))
    return Label(SOFTWARE, json.dumps(fields, separators=(",", ":")))


def parse(text: str | None) -> Origin:
    """What `label` was given.

    Raises:
        Invalid: a file without it, of something else, or of a translation.
    """
    try:
        origin = Origin.model_validate_json(text or "")
    except ValidationError as error:
        raise Invalid(_FOREIGN) from error
    if not origin.latents:
        raise Invalid(
            "the file is a translation, which cannot be drawn again: the picture that it was made from is needed"
        )
    return origin
