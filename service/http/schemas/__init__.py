"""Request and response bodies of the v1 contract. Strict: a "4" is no integer, and an unknown field is an error.

Knows nothing about models: what depends on one (a vector's length, a class's name) is checked in `pipelines.resolve`.
"""

from service.http.schemas.queries import DiscriminateQuery, FormatQuery, NoQuery, SampleQuery, TranslateQuery
from service.http.schemas.requests import ArithmeticRequest, InterpolateRequest, SampleRequest
from service.http.schemas.responses import (
    Card,
    Discrimination,
    EncodedLatent,
    Encoding,
    Health,
    Images,
    ImageSize,
    LatentSpace,
    ManifestCard,
    ModelList,
    Problem,
    SkippedPackage,
    TranslatorCard,
)
from service.pipelines.latent_spec import (
    ClassReference,
    Latent,
    MeanLatent,
    SeedLatent,
    TokenLatent,
    VectorLatent,
    count,
)

__all__ = [
    "ArithmeticRequest",
    "Card",
    "ClassReference",
    "DiscriminateQuery",
    "Discrimination",
    "EncodedLatent",
    "Encoding",
    "FormatQuery",
    "Health",
    "ImageSize",
    "Images",
    "InterpolateRequest",
    "Latent",
    "LatentSpace",
    "ManifestCard",
    "MeanLatent",
    "ModelList",
    "NoQuery",
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
