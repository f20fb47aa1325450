"""Response bodies."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue


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


class EncodedLatent(BaseModel):
    """A latent that every generating call takes."""

    token: str


class Encoding(BaseModel):
    """The latent that an encoder finds for a picture."""

    model: str
    latent: EncodedLatent


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
