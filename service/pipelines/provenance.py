"""Where an image comes from: what its file's metadata record, and what a client may send back.

Knows nothing about codecs: `imaging.codecs` writes and reads the text.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field, ValidationError

from service import __version__
from service.errors import Invalid
from service.imaging.codecs import Label
from service.pipelines.latent_spec import Columns, SeedLatent, StrictModel, TokenLatent, Truncation
from service.repository.manifest import Sha256

SOFTWARE = f"Ganvas {__version__}"
_FOREIGN = "the file does not record its origin; send a PNG, JPEG or WebP file of this service"


class Motion(StrictModel):
    """How the frames of an animation follow each other."""

    fps: Annotated[int, Field(ge=1, le=50)]
    loop: bool


class Origin(StrictModel):
    """All that is needed to generate a file's image again.

    Attributes:
        model: SHA-256 of the generator's network.
        latents: in order, each with its class; empty for a translation.
        truncation: of the latents of seeds.
        columns: of the grid.
        animation: of frames; None for images that are not frames.
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
    """A file's metadata.

    Args:
        digest: SHA-256 of the generator's network.
        latents: as JSON; none for a translation.
        truncation: of the latents of seeds.
        columns: of the grid.
        animation: frames per second, and whether it repeats.
    """
    fields: dict[str, Any] = {"model": digest}
    if latents:
        fields |= {"latents": list(latents), "truncation": truncation, "columns": columns}
    if latents and animation is not None:
        fields["animation"] = dict(zip(("fps", "loop"), animation, strict=True))
    return Label(SOFTWARE, json.dumps(fields, separators=(",", ":")))


def parse(text: str | None) -> Origin:
    """The origin that `label` recorded.

    Raises:
        Invalid: the file has none or a foreign one, or is a translation.
    """
    try:
        origin = Origin.model_validate_json(text or "")
    except ValidationError as error:
        raise Invalid(_FOREIGN) from error
    if not origin.latents:
        raise Invalid("the file is a translation and cannot be reproduced without its source image")
    return origin
