"""Response bodies."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

_CARD: dict[str, JsonValue] = {
    "name": "mnist-gan", "version": 1, "task": "generate", "method": "gan", "description": "Digits, as of MNIST.",
    "digest": "0" * 64, "engine": "onnxruntime-cpu", "precision": "float32",
    "image": {"height": 28, "width": 28, "channels": 1}, "latent": {"dim": 100, "distribution": "normal"},
    "classes": None, "directions": [], "networks": ["generator", "discriminator"], "licence": "Apache-2.0",
    "data_terms": "CC BY-SA 3.0", "metrics": [{"name": "coverage", "value": 0.86, "protocol": "of 10,000 samples"}],
}  # fmt: skip


def _example(**fields: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class ImageSize(BaseModel):
    """Size of a model's images."""

    height: int
    width: int
    channels: int


class LatentSpace(BaseModel):
    """The distribution of a generator's latents."""

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

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [_CARD | {"manifest": {"schema_version": 1}}]}
    )

    manifest: dict[str, JsonValue]


class SkippedPackage(BaseModel):
    """A package that is not served, and why."""

    name: str
    version: str
    reason: str


class ModelList(BaseModel):
    """Every served version, and every package that was skipped."""

    model_config = _example(
        models=[_CARD], skipped=[{"name": "mnist-gan", "version": "2", "reason": "generator.onnx cannot be read"}]
    )

    models: list[Card | TranslatorCard]
    skipped: list[SkippedPackage]


class Discrimination(BaseModel):
    """The discriminator's logit or the critic's score of an image."""

    model_config = _example(model="mnist-gan@1", score=1.25, probability=0.777)

    model: str
    score: Annotated[float, Field(description="The raw logit or critic value.")]
    probability: Annotated[float | None, Field(description="Of being real: the logit's sigmoid; null for a critic.")]


class EncodedLatent(BaseModel):
    """A latent that every generating call takes."""

    token: str


class Encoding(BaseModel):
    """The latent that an encoder computes for an image."""

    model_config = _example(model="celeba-dcgan@1", latent={"token": "AACAPwAAAMA"})

    model: str
    latent: EncodedLatent


class ResponseImage(BaseModel):
    """One image of a JSON response."""

    seed: Annotated[int | None, Field(description="The seed of its latent, if a seed was given.")]
    latent: Annotated[
        dict[str, JsonValue] | None,
        Field(description="Sent back unchanged, as a latent, it generates the same image; null for a translation."),
    ]
    class_: Annotated[
        str | dict[str, float] | None, Field(alias="class", description="A name, or names with their weights.")
    ]
    content_type: Annotated[str, Field(description="Always image/png.")]
    data: Annotated[str, Field(description="The file's bytes in base64.")]


class Images(BaseModel):
    """Images as JSON, each a file of its own, with its latent."""

    model_config = _example(
        model="mnist-gan@1",
        images=[
            {
                "seed": 42,
                "latent": {"token": "AACAPwAAAMA"},
                "class": None,
                "content_type": "image/png",
                "data": "iVBORw0KGgo=",
            }
        ],
    )

    model: str
    images: list[ResponseImage]


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
