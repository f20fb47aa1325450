"""Request and response bodies of the v1 contract. Strict: a "4" is no integer, and an unknown field is an error.

Knows nothing about models: what depends on one (a vector's length, a class's name) is checked in `drawing`.
"""

from service.schemas.answers import (
    Card,
    EncodedLatent,
    Encoding,
    Health,
    ImageSize,
    Judgement,
    LatentSpace,
    ManifestCard,
    ModelList,
    Pictures,
    Problem,
    SkippedPackage,
    TranslatorCard,
)
from service.schemas.latents import ClassReference, Latent, MeanLatent, SeedLatent, TokenLatent, VectorLatent, count
from service.schemas.queries import DiscriminateQuery, FormatQuery, NoQuery, SampleQuery, TranslateQuery
from service.schemas.requests import ArithmeticRequest, InterpolateRequest, SampleRequest

__all__ = [
    "ArithmeticRequest",
    "Card",
    "ClassReference",
    "DiscriminateQuery",
    "EncodedLatent",
    "Encoding",
    "FormatQuery",
    "Health",
    "ImageSize",
    "InterpolateRequest",
    "Judgement",
    "Latent",
    "LatentSpace",
    "ManifestCard",
    "MeanLatent",
    "ModelList",
    "NoQuery",
    "Pictures",
    "Problem",
    "SampleQuery",
    "SampleRequest",
    "SeedLatent",
    "SkippedPackage",
    "TokenLatent",
    "TranslateQuery",
    "TranslatorCard",
    "VectorLatent",
    "count",
]
