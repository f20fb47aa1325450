"""Metrics of a run or of an exported package, and sample grids.

Knows the protocols; the arithmetic of each metric is in `training.metrics`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from service import images, latents
from training.classifier import Judge
from training.config import GenerativeConfig
from training.data import ImageSet
from training.metrics import classes, neighbours, parzen

Floats = NDArray[np.float32]
Sampler = Callable[[Mapping[str, Floats]], Floats]
"""`latents` (N, z_dim), and `classes` (N, n_classes) where the model has them -> (N, C, H, W) float32 in [-1, 1]."""

INPUTS = ("latents", "classes")
"""A generator's inputs in their order."""
_BATCH = 500
_COVERAGE_NIMG = 5_000
_PARZEN_REFERENCES = {"mnist": "225 +- 2 (Goodfellow et al., 2014, Table 1)"}


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

    def sample(rows: Mapping[str, Floats]) -> Floats:
        with torch.inference_mode():
            drawn: Tensor = generator(*(torch.from_numpy(rows[name]).to(device) for name in INPUTS if name in rows))
        return drawn.float().cpu().numpy()

    return sample


def seed_rows(config: GenerativeConfig, n_classes: int, count: int) -> dict[str, Floats]:
    """What a generator is fed for the seeds 0 ... count - 1, as the service feeds it.

    A seed without a class draws its class too.

    Args:
        config: whose latents are drawn.
        n_classes: 0 where the model has none.
        count: how many.
    """
    z_dim, distribution = config.generator.z_dim, config.latent_distribution
    rows = {"latents": np.stack([latents.draw(seed, z_dim, distribution) for seed in range(count)])}
    if n_classes:
        rows["classes"] = np.eye(n_classes, dtype=np.float32)[[latents.draw_class(s, n_classes) for s in range(count)]]
    return rows


def draw(sampler: Sampler, rows: Mapping[str, Floats]) -> Floats:
    """The pictures of some rows, (N, C, H, W) float32 in [-1, 1]."""
    count = len(rows["latents"])
    parts = ({name: array[i : i + _BATCH] for name, array in rows.items()} for i in range(0, count, _BATCH))
    return np.concatenate([sampler(part) for part in parts])


def grid(sampler: Sampler, rows: Mapping[str, Floats], columns: int = 8) -> images.Pixels:
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
        _parzen(samples, train, test, judge.dataset),
        *_classes(samples, judge),
        _coverage(samples, train, test, judge),
    ]


def _parzen(samples: Floats, train: ImageSet, test: ImageSet, dataset: str) -> Measured:
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
        f"Gaussian Parzen window on {len(samples)} samples, width {drawn.sigma:.3f} chosen on {len(validation):,} "
        f"validation images, mean log-likelihood in nats of {len(held)} test images (Goodfellow et al., 2014); "
        "flattered by blur and by cluster centres (Theis et al., 2016)",
        drawn.standard_error,
        real.mean,
        _PARZEN_REFERENCES.get(dataset),
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
    real = judge.features(test.batch(torch.arange(count)).images.numpy())
    other = judge.features(train.batch(torch.arange(count)).images.numpy())
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
