"""The protocols of generators' metrics; the computation of each is in `training.metrics`."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import classifiers
from training.classifiers import Classifier
from training.config import GenerativeConfig
from training.data import PUBLISHED, ImageSet, Sets, Split
from training.evaluate import fidelity, protocol
from training.evaluate.fidelity import describe, leading
from training.evaluate.grids import spread_out
from training.evaluate.measurement import Measurement
from training.evaluate.protocol import Protocol
from training.evaluate.sampling import Floats, Sampler, generate_images, seed_rows
from training.metrics import classes, diversity, nearest, parzen, sliced

_SPLITS: tuple[Split, Split] = ("train", "test")
_MEMORISED_K = 50
_PARZEN_REFERENCES = {"mnist": "225 +- 2 (Goodfellow et al., 2014, Table 1)"}
_NEAREST_REFERENCES = {"mnist": "0.0298 (Radford et al., 2015)"}


def measure(sampler: Sampler, config: GenerativeConfig, sets: Sets, sizes: Protocol | None = None) -> list[Measurement]:
    """Every metric of a generator, on samples of the seeds 0, 1, ... as the service generates them.

    Args:
        sampler: the generator.
        config: the run's configuration.
        sets: the data set.
        sizes: the numbers of samples; by default `protocol.STANDARD`.
    """
    sizes = sizes or protocol.STANDARD
    train, test = (sets.images(split) for split in _SPLITS)
    if config.images:
        train, test = (_cut(part, config.images.crop_px) for part in (train, test))
    n_classes = len(PUBLISHED[config.dataset].classes or ()) if config.conditional else 0
    classifier = classifiers.find(config.dataset)
    count = sizes.class_samples if classifier is not None and classifier.reads_classes else sizes.samples
    held = sets.images("validation") if config.images is None else train.head(0)
    rows = seed_rows(config, n_classes, count)
    samples = generate_images(sampler, rows)
    measurements = evaluate(samples, train, test, classifier, held, sizes)
    if n_classes and classifier is not None and classifier.reads_classes:
        measurements.append(_class_agreement(samples, rows["classes"].argmax(axis=1), test, classifier))
    if PUBLISHED[config.dataset].kind == "stacked" and (reader := classifiers.find("mnist")) is not None:
        measurements += _modes(sampler, config, test, reader)
    if n_classes:
        measurements.append(_nearest_error(sampler, config, n_classes, test, sizes.nearest_samples))
    return measurements


def evaluate(
    samples: Floats,
    train: ImageSet,
    test: ImageSet,
    classifier: Classifier | None,
    held: ImageSet,
    sizes: Protocol | None = None,
) -> list[Measurement]:
    """Every metric that needs no generator, only samples.

    Args:
        samples: (N, C, H, W) float32 in [-1, 1].
        train: the training images.
        test: the test images, on which the metrics are reported.
        classifier: an independent classifier, trained on real images, if there is one.
        held: images that were not trained on, which choose the Parzen window's width; if there are none, the last
            10,000 training images do.
        sizes: the numbers of images; by default `protocol.STANDARD`.
    """
    sizes = sizes or protocol.STANDARD
    measurements = []
    if classifier is not None and classifier.reads_classes:
        measurements += [_parzen(samples, train, test, held, classifier.dataset), *_classes(samples, classifier)]
    if classifier is not None:
        measurements += fidelity.measure(samples, train, test, classifier)
    if classifier is not None and not classifier.reads_classes:
        measurements += fidelity.measure_baselines(len(samples), train, test, classifier, sizes.compared_images)
    return [*measurements, _sliced(samples, train, test, sizes), *_pixel_distances(samples, train, test, sizes)]


def _parzen(samples: Floats, train: ImageSet, test: ImageSet, held: ImageSet, dataset: str) -> Measurement:
    validation = _unit((held.images if len(held) else train.images[-10_000:])[:1_000])
    points = _unit(test.images)
    fakes = torch.from_numpy(samples).flatten(1).add(1.0).div(2.0)
    # Quantised as in the service: the real images have whole levels too.
    fakes = fakes.mul(255.0).round().div(255.0)
    drawn = parzen.fit(fakes, validation).score(points)
    real = parzen.fit(_unit(train.images[: len(samples)]), validation).score(points)
    return Measurement(
        "parzen_log_likelihood",
        drawn.mean,
        f"Gaussian Parzen window on {len(samples)} samples, width {drawn.sigma:.3f} chosen on {len(validation):,} "
        f"validation images, mean log-likelihood in nats of {len(points)} test images (Goodfellow et al., 2014); "
        "flattered by blur and by cluster centres (Theis et al., 2016)",
        drawn.standard_error,
        real.mean,
        _PARZEN_REFERENCES.get(dataset),
    )


def _classes(samples: Floats, classifier: Classifier) -> list[Measurement]:
    measurements = classes.read(classifier.probabilities(samples))
    by = f"{describe(classifier)}, {len(samples)} samples"
    return [
        Measurement("rarest_class_share", measurements.rarest_share, f"share of the rarest class, by {by}"),
        Measurement(
            "classifier_confidence", measurements.confidence, f"mean probability of the likeliest class, by {by}"
        ),
    ]


def _class_agreement(samples: Floats, asked: NDArray[np.int64], test: ImageSet, classifier: Classifier) -> Measurement:
    drawn = classes.agreement(classifier.probabilities(samples), asked)
    real = classes.agreement(classifier.probabilities(leading(test)), test.labels.numpy())
    return Measurement(
        "asked_class_share",
        drawn,
        f"share of {len(samples)} samples that are of the class that was asked for, by {describe(classifier)}",
        floor=real,
    )


def _modes(sampler: Sampler, config: GenerativeConfig, test: ImageSet, classifier: Classifier) -> list[Measurement]:
    """Which of the 1,000 digit triples are generated, and how evenly."""
    drawn, real = (
        classes.read(_digit_triples(images, classifier))
        for images in (generate_images(sampler, seed_rows(config, 0, len(test))), leading(test))
    )
    by = f"each channel read by {describe(classifier)}, {len(test):,} samples (Z. Lin et al., 2018)"
    return [
        Measurement("modes", drawn.modes, f"threes of digits that are drawn, of 1,000; {by}", floor=real.modes),
        Measurement(
            "kl_to_uniform",
            drawn.kl_to_uniform,
            f"KL divergence in nats of the shares of threes of digits from equal ones; {by}",
            floor=real.kl_to_uniform,
        ),
    ]


def _digit_triples(images: Floats, classifier: Classifier) -> Floats:
    """(N, 3, H, W) images -> (N, 1000) one-hot rows of the three digits that a classifier reads in the channels."""
    digits = [classifier.probabilities(np.ascontiguousarray(images[:, [c]])).argmax(axis=1) for c in range(3)]
    named = np.zeros((len(images), 1000), np.float32)
    named[np.arange(len(images)), 100 * digits[0] + 10 * digits[1] + digits[2]] = 1.0
    return named


def _sliced(samples: Floats, train: ImageSet, test: ImageSet, sizes: Protocol) -> Measurement:
    count = min(sizes.sliced_images, len(samples), len(train), len(test))
    real, other = torch.from_numpy(leading(test, count)), torch.from_numpy(leading(train, count))
    measurements = sliced.distance(real, torch.from_numpy(samples[:count]))
    levels = " / ".join(f"{value:.1f}" for value in measurements.levels.values())
    return Measurement(
        "sliced_wasserstein",
        measurements.mean,
        f"sliced Wasserstein distance x 1000, mean over levels, finest first {levels} (Karras et al., 2018), {count} "
        "samples against as many test images",
        floor=sliced.distance(real, other).mean,
    )


def _pixel_distances(samples: Floats, train: ImageSet, test: ImageSet, sizes: Protocol) -> list[Measurement]:
    """Metrics of distances between images: memorisation and diversity."""
    count = min(sizes.memorised_images, len(samples), len(test))
    known = _flat(spread_out(train, sizes.compared_images))
    k = min(_MEMORISED_K, len(known))
    drawn, held = _flat(samples[:count]), _flat(leading(test, count))
    share = nearest.memorised_share(nearest.find(drawn, known, k), nearest.find(held, known, k))
    return [
        Measurement(
            "memorised_share",
            share,
            f"share of {count} samples that lie as much nearer to one of {len(known):,} training images than to the "
            f"next {k - 1} as 1 % of test images do, on pixels (Carlini et al., 2023)",
            floor=0.01,
        ),
        Measurement(
            "mean_distance",
            diversity.mean_distance(drawn),
            f"mean distance of two of {count} samples, on pixels in [-1, 1]; far below real images' is a collapse",
            floor=diversity.mean_distance(held),
        ),
    ]


def _nearest_error(
    sampler: Sampler, config: GenerativeConfig, n_classes: int, test: ImageSet, count: int
) -> Measurement:
    rows = seed_rows(config, n_classes, count)
    asked = torch.from_numpy(rows["classes"].argmax(axis=1))
    points, labels = _flat(leading(test)), test.labels
    measurements = nearest.error([(_flat(generate_images(sampler, rows)), asked)], points, labels)
    return Measurement(
        "nearest_neighbour_error",
        measurements.value,
        f"share of {len(test)} test images whose nearest of {count:,} samples was asked for another class, "
        "on pixels (Radford et al., 2015, Table 2)",
        measurements.standard_error,
        reference=_NEAREST_REFERENCES.get(config.dataset),
    )


def _flat(images: Floats) -> Tensor:
    return torch.from_numpy(images).flatten(1)


def _unit(pixels: Tensor) -> Tensor:
    """(N, C, H, W) uint8 -> (N, C H W) float32 in [0, 1]."""
    return pixels.flatten(1).float().div(255.0)


def _cut(images: ImageSet, side_px: int) -> ImageSet:
    """Centre-crops each image to the samples' size."""
    start = (images.shape[1] - side_px) // 2
    return replace(images, images=images.images[:, :, start : start + side_px, start : start + side_px])
