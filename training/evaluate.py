"""Metrics of a run or of an exported package, and sample grids.

Knows the protocols; the arithmetic of each metric is in `training.metrics`.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service import images, latents
from training.classifier import Judge
from training.data import ImageSet
from training.metrics import classes, neighbours, parzen

Floats = NDArray[np.float32]
Sampler = Callable[[Floats], Floats]
"""(N, z_dim) float32 latents -> (N, C, H, W) float32 in [-1, 1]."""

_SAMPLES = 10_000
_BATCH = 500
_COVERAGE_NIMG = 5_000
_PARZEN_REFERENCE = "225 +- 2 (Goodfellow et al., 2014, Table 1)"


@dataclass(frozen=True)
class Measured:
    """One number, and how it was come by; a manifest's `Metric` has the same fields."""

    name: str
    value: float
    protocol: str
    standard_error: float | None = None
    floor: float | None = None
    reference: str | None = None

    def to_json(self) -> dict[str, object]:
        """Plain JSON values."""
        return asdict(self)


def module_sampler(generator: nn.Module, device: torch.device) -> Sampler:
    """A trained generator as a sampler."""

    def sample(rows: Floats) -> Floats:
        with torch.inference_mode():
            drawn: Tensor = generator(torch.from_numpy(rows).to(device))
        return drawn.float().cpu().numpy()

    return sample


def draw(sampler: Sampler, count: int, z_dim: int, distribution: latents.Distribution, first_seed: int = 0) -> Floats:
    """The pictures of the seeds first_seed ... first_seed + count - 1: those that the service serves for them.

    Returns:
        (count, C, H, W) float32 in [-1, 1].
    """
    rows = np.stack([latents.draw(first_seed + index, z_dim, distribution) for index in range(count)])
    return np.concatenate([sampler(rows[start : start + _BATCH]) for start in range(0, count, _BATCH)])


def grid(sampler: Sampler, rows: Floats, columns: int = 8) -> images.Pixels:
    """The pictures of some latents as one, (H, W, C) uint8."""
    return images.grid(images.to_uint8(sampler(rows)), columns)


def save_png(pixels: images.Pixels, path: Path) -> None:
    """Writes one picture, (H, W, C) uint8."""
    path.write_bytes(images.encode(pixels, "png"))


def evaluate(samples: Floats, train: ImageSet, test: ImageSet, judge: Judge) -> Sequence[Measured]:
    """Every metric of a generator of digits or clothes.

    Args:
        samples: (10_000, 1, H, W) float32 in [-1, 1].
        train: the training images; the last 10,000 choose the window's width.
        test: what the numbers are reported on.
        judge: an independent classifier, trained on real images.
    """
    return [
        _parzen(samples, train, test),
        *_classes(samples, judge),
        _coverage(samples, train, test, judge),
    ]


def _parzen(samples: Floats, train: ImageSet, test: ImageSet) -> Measured:
    validation = _unit(train.images[-10_000:])[:1_000]
    held = _unit(test.images)
    fakes = torch.from_numpy(samples).flatten(1).add(1.0).div(2.0)
    # Quantised as they are served: the real images are whole levels too.
    fakes = fakes.mul(255.0).round().div(255.0)
    drawn = parzen.fit(fakes, validation).score(held)
    real = parzen.fit(_unit(train.images)[: len(samples)], validation).score(held)
    return Measured(
        "parzen_log_likelihood",
        drawn.mean,
        f"Gaussian Parzen window on {len(samples)} samples, width {drawn.sigma:.3f} chosen on 1,000 validation "
        f"images, mean log-likelihood in nats of {len(held)} test images (Goodfellow et al., 2014); "
        "flattered by blur and by cluster centres (Theis et al., 2016)",
        drawn.standard_error,
        real.mean,
        _PARZEN_REFERENCE,
    )


def _classes(samples: Floats, judge: Judge) -> list[Measured]:
    found = classes.read(judge.probabilities(samples))
    by = f"by the classifier {judge.digest[:12]} ({judge.accuracy:.2%} right on test images), {len(samples)} samples"
    return [
        Measured("rarest_class_share", found.rarest_share, f"share of the rarest class, {by}"),
        Measured("classifier_confidence", found.confidence, f"mean probability of the likeliest class, {by}"),
    ]


def _coverage(samples: Floats, train: ImageSet, test: ImageSet, judge: Judge) -> Measured:
    count = min(_COVERAGE_NIMG, len(samples), len(test))
    real = judge.features(test.batch(torch.arange(count)).numpy())
    other = judge.features(train.batch(torch.arange(count)).numpy())
    drawn = judge.features(samples[:count])
    return Measured(
        "coverage",
        neighbours.coverage(real, drawn),
        f"share of {count} test images with a sample among {count} within their 5th neighbour's distance (Naeem et "
        f"al., 2020), on the features of the classifier {judge.digest[:12]}",
        floor=neighbours.coverage(real, other),
    )


def _unit(pixels: Tensor) -> Tensor:
    """(N, C, H, W) uint8 -> (N, C H W) float32 in [0, 1]."""
    return pixels.flatten(1).float().div(255.0)
