"""Contents of the package of a translator."""

import torch
from torch import Tensor

from service.imaging.pixels import Floats, Pixels, grid, to_float32, to_uint8
from service.repository import manifest
from training.config import TranslationConfig
from training.data import PUBLISHED, PairSet
from training.evaluate import Sampler
from training.objectives import Translation
from training.packaging.contents import Contents, engine, golden
from training.packaging.onnx import export

_PARITY_ROWS = 8
_PREVIEW_ROWS = 4
_MAX_PREVIEW_PX = 128
_MAX_GOLDEN_PX = 64
_MIN_PX = 8  # smaller inputs reach the residual blocks as single pixels, and InstanceNorm in torch rejects those

# Names in an ONNX graph are unique, so the output cannot have the name of the input.
OUTPUT = "translated"


def contents(
    config: TranslationConfig, objective: Translation, direction: str, data: PairSet, weights: str, inverse: str | None
) -> Contents:
    """Exports one direction's translator with dynamic height and width.

    Args:
        config: the run's configuration.
        objective: trained, on the CPU.
        direction: `A2B` or `B2A`.
        data: images for parity, goldens and preview.
        weights: see `export.build`.
        inverse: name of the package of the opposite direction, if it exists.

    Raises:
        ExportError: the network cannot be exported.
    """
    source, target = objective.domains(direction)
    images = (data.A, data.B)[source]
    side, multiple = config.image_px, objective.multiple
    least = max(multiple, _MIN_PX)
    given = images.batch(torch.arange(_PARITY_ROWS) % len(images)).images
    network = export.build(
        objective.finished(direction),
        {"images": _at(given, 2 * least, 3 * least)},
        "generator.onnx",
        (manifest.Tensor(name="images", shape=("N", 3, "H", "W"), range=(-1.0, 1.0)),),
        manifest.Tensor(name=OUTPUT, shape=("N", 3, "H", "W"), range=(-1.0, 1.0)),
        weights,
        also=[{"images": _at(given[:1], *sides)} for sides in ((least, least), (side, side))],
    )
    sampler = engine(network.model)
    golden_px = max(multiple, _MAX_GOLDEN_PX // multiple * multiple)
    domains = PUBLISHED[config.dataset].domains
    assert domains is not None
    return Contents(
        networks={"generator": network},
        goldens=(golden(sampler, {"images": _levels(_at(given[:1], golden_px, golden_px))}),),
        preview=_preview(_at(given[:_PREVIEW_ROWS], side, side), sampler),
        fields={
            "image": manifest.Image(height=side, width=side, channels=3),
            "translation": manifest.Translation(
                source=domains[source], target=domains[target], inverse=inverse, multiple=multiple
            ),
        },
    )


def _at(images: Tensor, height: int, width: int) -> Tensor:
    """Resizes images to (N, 3, height, width) float32 in [-1, 1]."""
    return torch.nn.functional.interpolate(
        images, (height, width), mode="bicubic", antialias=True, align_corners=False
    ).clamp(-1.0, 1.0)


def _levels(images: Tensor) -> Floats:
    """Rounds images to 256 levels, as in requests; this also makes a golden four times smaller."""
    return to_float32(to_uint8(images.numpy()))


def _preview(given: Tensor, sampler: Sampler) -> Pixels:
    """A grid of pairs of input and translation, two pairs per row: (H, W, C) uint8."""
    made = torch.from_numpy(sampler({"images": given.numpy()}))
    side = min(given.shape[-1], _MAX_PREVIEW_PX)
    pairs = torch.stack([_at(part, side, side) for part in (given, made)], 1)
    return grid(to_uint8(pairs.flatten(0, 1).numpy()), 4)
